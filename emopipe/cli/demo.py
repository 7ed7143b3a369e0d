"""A synthetic corpus through the whole way: from clips to a report, in about a minute.

  emopipe demo
  emopipe demo --subjects 8 --reports /tmp/reports

It draws faces and synthesises voices of people who do not exist, writes them as
video files in CREMA-D's naming, and treats them as the real corpus:
decode, find faces, the face's texture, 34 short-term voice features, SVMs,
and fusions whose weights per emotion are learned inside the folds. Anger, disgust
and fear differ only in the voice, happiness, neutral and sadness only in the face:
a single modality knows two thirds of the clips, give or take some luck, and the report says
whether the weights found where each emotion was put. Every figure is on subjects
that were never trained on.
"""

from pathlib import Path

# What each modality alone carries in the demo's corpus.
CARRIED = {
    "voice": ("anger", "disgust", "fear"),
    "face": ("happiness", "neutral", "sadness"),
}


def add_arguments(parser):
    """Add this command's arguments."""
    from emopipe.cli import add_extraction, path_argument

    parser.add_argument("--subjects", type=int, default=8, help="synthetic subjects (default: 8)")
    parser.add_argument("--folds", type=int, default=4, help="folds by subject (default: 4)")
    parser.add_argument(
        "--reports", type=path_argument, default=Path("reports"), help="where reports go"
    )
    add_extraction(parser)


def command(args) -> int:
    """Make the corpus, run the experiment, write its report."""
    from emopipe.cli import extraction_defaults
    from emopipe.cli.early_checks import check_folder
    from emopipe.synthetic.layouts import LAYOUTS

    if not 2 <= args.folds <= args.subjects:
        raise ValueError(
            f"--folds {args.folds} with --subjects {args.subjects}: every fold needs a subject of "
            "its own; choose 2 <= folds <= subjects"
        )
    most = len(LAYOUTS["cremad"].subjects)
    if args.subjects > most:
        raise ValueError(f"--subjects {args.subjects}: at most {most} can be drawn")
    check_folder(args.reports, "--reports")
    with extraction_defaults(args.store, args.jobs):
        return _run(args)


def _run(args) -> int:
    from emopipe.cli.run import publish
    from emopipe.corpora import load_corpus, usable
    from emopipe.synthetic import make_synthetic_corpus

    print("1/3  drawing and speaking a synthetic corpus in CREMA-D's layout")
    root = make_synthetic_corpus(
        args.reports / "synthetic" / "demo",
        layout="cremad",
        subjects=args.subjects,
        emotions=[emotion for emotions in CARRIED.values() for emotion in emotions],
        clips_per_emotion=2,
        informative="split",
        oddities=False,
        progress=True,
    )
    clips = load_corpus("cremad", root)
    print(f"2/3  {len(usable(clips))} clips of {args.subjects} people: features, folds, fusion")
    outcome = experiment(clips, n_folds=args.folds)
    print("3/3  writing the report\n")
    reproduce = f"emopipe demo --subjects {args.subjects} --folds {args.folds}"
    return publish(outcome, args.reports, reproduce)


def experiment(clips, *, n_folds):
    """Return voice, face and three fusions of them on a table of synthetic clips."""
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from emopipe.comparison import differences
    from emopipe.evaluation import evaluate
    from emopipe.experiment import Experiment
    from emopipe.face import FaceCrops, FaceTexture
    from emopipe.fusion import EmotionWeightedFusion, make_clip_pipeline
    from emopipe.voice import ShortTermStatistics

    def recogniser(features, svm):
        return make_clip_pipeline(features, StandardScaler(), svm)

    voice = recogniser(ShortTermStatistics(progress=True), SVC(C=10))
    face = recogniser(FaceTexture(faces=FaceCrops(n_frames=3), progress=True), SVC(kernel="linear"))
    both = [("voice", voice), ("face", face)]
    recognisers = {
        "voice": voice,
        "face": face,
        "equal weights": EmotionWeightedFusion(both),
        "recall rule": EmotionWeightedFusion(both, weights="recall"),
        "searched weights": EmotionWeightedFusion(both, weights="search"),
    }
    results = {label: evaluate(r, clips, cv=n_folds) for label, r in recognisers.items()}
    return Experiment(
        name="demo",
        title="Demo: drawn faces, synthesised voices",
        question="Half of the emotions are in the voice alone, half in the face alone: do weights "
        "per emotion find that out?",
        results=results,
        references=["voice", "face"],
        answer=[placement(results["recall rule"])],
        comparisons=differences(results, ["voice", "face"]),
    )


def placement(result) -> str:
    """Return in words for which emotions a fusion's weights prefer the modality that carries them.

    Parameters
    ----------
    result : Result
        Its folds hold the fusion weights of `CARRIED`'s modalities.
    """
    tables = [fold["fusion_weights"] for fold in result.folds]
    right, wrong = [], []
    for modality, emotions in CARRIED.items():
        for emotion in emotions:
            ratios = [
                t[modality][emotion] / sum(row[emotion] for row in t.values()) for t in tables
            ]
            share = sum(ratios) / len(ratios)
            share_text = f"{emotion} {share:.2f} in the {modality}"
            (right if share > 0.5 else wrong).append(share_text)
    n = len(right) + len(wrong)
    text = f"The recall rule's weights found where {len(right)} of {n} emotions were put"
    listed = f" (mean share of the weight: {', '.join(right)})" if right else ""
    return f"{text}{listed}" + (f", but not for {', '.join(wrong)}." if wrong else ".")
