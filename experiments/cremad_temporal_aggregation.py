"""How many segments of a clip are worth a network each?

A clip is cut into segments; in each, a frame of the face and the sound around it go through
a network of the segment's own, and the softmax rows are added up. Ten folds by actor for
every number of segments, accuracy and time against it, the paper's table beside ours. The
paper's faces are from MTCNN: --set detector=mtcnn, with the extra package. System A runs on the
same folds, as the paper's baseline does; --set baseline=False leaves it out.
"""

import numpy as np

from emopipe import (
    AudioVisualCNN,
    Chart,
    Experiment,
    Published,
    TemporalAggregation,
    differences,
    evaluate,
    load_corpus,
    run_script,
)

# Table I. The paper's accuracy is the mean over its folds; it gives no spread.
PAPER = {"source": "B", "where": "table I", "mean_over": "folds",
         "protocol": "CREMA-D, 10 folds, no actor in two"}  # fmt: skip
BASELINE = "system A"
FIGURES = {
    "temporal aggregation, 10 segments": 0.684,
    "audio-visual CNN (system A), run by B's authors": 0.558,
    "recurrent multi-attention, as cited there": 0.65,
    "MERML, as cited there": 0.665,
    "human voters, as cited there": 0.636,
}
DEVIATIONS = [
    "The paper finds faces with MTCNN; ours is Haar cascades by default (--set detector=mtcnn).",
    "The paper divides the learning rate by 10 'every 50 training steps for each epoch': ours "
    "falls every 50 epochs. It does not say what the loss is taken of, nor when training ends: "
    "here of the segments' averaged softmax rows, and by that of a tenth of the training actors.",
    "The paper does not say which frame and sound it tests: here each segment's middle frame and "
    "the sound around it (--set draws=5 averages random ones). Which actors share a fold is not "
    "published.",
]


def accuracies(results, numbers):
    """Return accuracy against the number of segments, the paper's figure 5."""
    figures = [result.metrics["accuracy"] for result in results]
    line = {"x": numbers} | {
        name: [figure[key] for figure in figures]
        for name, key in (("y", "value"), ("low", "low"), ("high", "high"))
    }
    folds = f"{len(results[0].folds)} folds by actor"
    return Chart("Accuracy against segments", "segments", "accuracy", {folds: line})


def times(results, numbers):
    """Return time per clip against the number of segments: training, and scoring."""
    kinds = {"training": ("fit", "n_train"), "scoring": ("score", "n_test")}
    return [
        Chart(
            f"Time of {kind} against segments",
            "segments",
            "milliseconds per clip, mean over folds",
            {kind: {"x": numbers, "y": [_per_clip(result, *keys) for result in results]}},
            run=True,
        )
        for kind, keys in kinds.items()
    ]


def _per_clip(result, work, clips):
    pairs = zip(result.run["fold_seconds"], result.folds, strict=True)
    return float(np.mean([1000 * seconds[work] / fold[clips] for seconds, fold in pairs]))


# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {
    "segments": (1, 2), "n_folds": 2, "n_frames": 6, "face_size": (48, 48), "epochs": 3,
    "spectrogram_size": (64, 40), "visual_widths": (8, 16), "audio_widths": (8,),
    "baseline_size": (48, 40), "n_copies": 1,
}  # fmt: skip


def experiment(
    cremad, *, segments=(3, 4, 5, 6, 7, 8, 9, 10), n_folds: int | str = 10, epochs=100,
    learning_rate=1e-3,
    patience=20, n_frames=30, draws=0, share_weights=False, detector="haar", detect_every=1,
    face_size=(224, 224), spectrogram_size=(192, 120), visual_widths=(32, 64, 128, 128, 256),
    audio_widths=(16, 32, 64), baseline=True, baseline_size=(98, 80), n_copies=30,
    precision="float32", workers=2, checkpoint=None,
):  # fmt: skip
    """Return a result per number of segments, and system A's.

    Parameters
    ----------
    segments : tuple of int
        Numbers of segments; one result each.
    baseline : bool
        Also system A on the same folds, with 20 frames and its own training.
    baseline_size : tuple of int
        Rows and columns of a face of system A, pixels.
    n_copies : int
        Altered copies of each of system A's training clips.
    """
    clips = load_corpus("cremad", cremad)
    common = {
        "spectrogram_size": spectrogram_size, "progress": True, "faces__detector": detector,
        "faces__detect_every": detect_every, "layers__visual_widths": visual_widths,
        "layers__audio_widths": audio_widths, "training__epochs": epochs,
        "training__precision": precision, "training__workers": workers,
        "training__checkpoint": checkpoint,
    }  # fmt: skip
    aggregation = TemporalAggregation(draws=draws, share_weights=share_weights).set_params(
        faces__n_frames=n_frames, faces__size=face_size, training__learning_rate=learning_rate,
        training__patience=patience, **common,
    )  # fmt: skip
    options = {"cv": n_folds, "checkpoint": checkpoint, "progress": True}
    results = {
        f"{n} segments": evaluate(aggregation.set_params(n_segments=n), clips, **options)
        for n in segments
    }
    numbers, outcomes = list(segments), list(results.values())
    if baseline:
        network = AudioVisualCNN(n_copies=n_copies).set_params(faces__size=baseline_size, **common)
        results[BASELINE] = evaluate(network, clips, **options)
    most = f"{max(segments)} segments"  # the paper's table has its greatest number, 10
    return Experiment(
        name="cremad_temporal_aggregation",
        title="CREMA-D: a network per segment, answers added up",
        question="How many segments of a clip are worth a network each?",
        results=results,
        references=[] if len(results) < 2 else [BASELINE if baseline else next(iter(results))],
        published=[
            Published(
                label=label, value=value, beside=BASELINE if BASELINE in label else most, **PAPER
            )
            for label, value in FIGURES.items()
        ],
        comparisons=differences(results, [BASELINE if baseline else next(iter(results))]),
        charts=[accuracies(outcomes, numbers), *times(outcomes, numbers)],
        notices=[{"text": text, "severity": "information"} for text in DEVIATIONS],
    )


if __name__ == "__main__":
    run_script(experiment)
