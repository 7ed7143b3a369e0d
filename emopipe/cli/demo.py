"""A synthetic corpus through the whole way: from clips to a report, in about two minutes.

  emopipe demo
  emopipe demo --subjects 8 --reports /tmp/reports

It draws faces and synthesises voices of people who do not exist, writes them as
video files in CREMA-D's naming, and does with them what it would do with the real
corpus: decode, find faces, VGG-Face (with random weights: nothing is downloaded),
34 short-term voice features, SVMs, and a fusion whose weights per emotion are
learned inside the folds. Half of the emotions differ only in the voice, the other
half only in the face: the report shows whether the weights find that out. Every
figure is on subjects that were never trained on.
"""

from pathlib import Path


def add_arguments(parser):
    """Add this command's arguments."""
    parser.add_argument("--subjects", type=int, default=8, help="synthetic subjects (default: 8)")
    parser.add_argument("--folds", type=int, default=4, help="folds by subject (default: 4)")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where reports go")


def command(args) -> int:
    """Make the corpus, run the experiment, write its report."""
    from emopipe.cli import quiet_tensorflow
    from emopipe.cli.run import publish
    from emopipe.corpora import load_corpus, usable
    from emopipe.corpora.synthetic import make_synthetic_corpus

    if not 2 <= args.folds <= args.subjects:
        raise ValueError(
            f"--folds {args.folds} with --subjects {args.subjects}: every fold needs a subject of "
            "its own; choose 2 <= folds <= subjects"
        )
    print("1/3  drawing and speaking a synthetic corpus in CREMA-D's layout")
    root = make_synthetic_corpus(
        args.reports / "synthetic" / "demo",
        layout="cremad",
        subjects=args.subjects,
        clips_per_emotion=2,
        informative="split",
        oddities=False,
        progress=True,
    )
    clips = load_corpus("cremad", root)
    quiet_tensorflow()
    print(f"2/3  {len(usable(clips))} clips of {args.subjects} people: features, folds, fusion")
    outcome = experiment(clips, n_folds=args.folds)
    print("3/3  writing the report")
    reproduce = f"emopipe demo --subjects {args.subjects} --folds {args.folds}"
    return publish(outcome, args.reports, reproduce)


def experiment(clips, *, n_folds):
    """Return voice, face and two fusions of them on a table of synthetic clips."""
    from sklearn.base import clone
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from emopipe.evaluation import evaluate
    from emopipe.face import VGGFaceFeatures
    from emopipe.fusion import EmotionWeightedFusion, WhereFinite
    from emopipe.metrics import compare
    from emopipe.result import Experiment
    from emopipe.voice import ShortTermStatistics

    svm = WhereFinite(make_pipeline(StandardScaler(), PCA(0.95), SVC(C=10)))
    voice = make_pipeline(ShortTermStatistics(progress=True), svm)
    # Without training, the dense layers above pool5 would only blur what it sees.
    network = VGGFaceFeatures(weights="random", layer="pool5", n_frames=3, progress=True)
    face = make_pipeline(network, clone(svm))
    both = [("voice", voice), ("face", face)]
    recognisers = {
        "voice": voice,
        "face": face,
        "equal weights": EmotionWeightedFusion(both),
        "recall rule": EmotionWeightedFusion(both, weights="recall"),
        "searched weights": EmotionWeightedFusion(both, weights="search"),
    }
    results = {
        label: evaluate(recogniser, clips, cv=n_folds) for label, recogniser in recognisers.items()
    }
    return Experiment(
        name="demo",
        title="Demo: drawn faces, synthesised voices",
        question="Half of the emotions are in the voice alone, half in the face alone: do weights "
        "per emotion find that out?",
        results=results,
        comparisons=[
            compare(results[label], results["searched weights"], label=f"searched − {label}")
            for label in ("voice", "face", "equal weights")
        ],
    )
