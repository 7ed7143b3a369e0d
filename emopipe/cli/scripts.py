"""Experiment scripts: where they are, their arguments, and what their options mean."""

import ast
import inspect
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

_NO_EXPERIMENT = "it defines no function experiment(...); see `emopipe run --help`"

# Option -> meaning, for those of several experiments; a script's docstring can say it otherwise.
MEANINGS = {
    "action_units": "CSV of facial action units by take: the column clip, then one column each",
    "audio_dense": "whether a dense layer stands between VGG19's view of the voice and the fusion",
    "audio_widths": "filters of the network's layers that hear",
    "augment_sound": "vary speed, onset, pitch and loudness of training sounds",
    "base": "network under the new layers: vggface or mini_xception",
    "checkpoint": "folder that keeps folds and epochs, so that a killed run goes on",
    "copies": "altered copies of each training face; None: all of the grid",
    "cv": "official (test clips), official-val (validation clips) or official-train",
    "detect_every": "look for faces in every so many frames and follow them between",
    "detector_model": "file of the face detector's model; default: downloaded and checked",
    "detector": "face detector: haar, yunet, ssd or mtcnn",
    "draws": "random segments averaged at prediction; 0: the middle frame",
    "engine": "of the 34 voice features: emopipe, or pyaudioanalysis, the library itself, slower",
    "epochs": "most passes over the training clips",
    "least_faces": "share of frames that must have a face; clips with fewer are removed",
    "fine_tune": "last blocks of VGG19 that are trained as well: 0, 1 or 2",
    "expression_network": "ONNX file of OpenCV Zoo's expression network",
    "face_size": "rows and columns of a face, pixels",
    "face_features": "CSV of facial features: the column file, then one column each",
    "inner_folds": "folds by subject inside each fold, for choices and weights",
    "unlabelled": "unlabelled clips of whom is tested that may be known: numbers, or all",
    "landmarker": "MediaPipe's face_landmarker_v2_with_blendshapes.task",
    "learning_rate": "first step size of the optimiser",
    "mini_xception_weights": "file of mini-XCEPTION's weights; default: downloaded and checked",
    "n_copies": "altered copies of each training clip",
    "n_folds": "folds by subject; None, where that is the default: every subject left out once; "
    "in most experiments also a name, such as loso, or luna5 and ertk6 of RAVDESS",
    "n_frames": "frames of each clip, equally spaced",
    "n_segments": "segments of each clip",
    "opensmile": "also measure openSMILE's eGeMAPS and ComParE (extra bench)",
    "optimism_gap": "also measure on random folds, and show the difference",
    "own_folds": "folds of clips of your own: loso (leave one subject out) or a number",
    "patience": "epochs without improvement before training ends",
    "published_scores": "CSV of published systems' scores: take, subject, emotion, SYSTEM_EMOTION",
    "precision": "float32, or bfloat16 where the hardware has it",
    "rescale": "rows and columns to which films are brought first",
    "sample_rate": "of the sound, Hz; None: each file's own",
    "segment_face_size": "rows and columns of a face in a segment, pixels",
    "sets": "of voice functionals; None: all",
    "share_weights": "one network for all segments in place of one for each",
    "spectrogram_size": "rows (frequencies) and columns (times) of a spectrogram",
    "step": "from the start of one voice frame to the next, seconds",
    "systems": "which systems to run",
    "unlabelled_clips": "of each subject, known when it is tested: 0, a number or all",
    "units": "units of the dense layers",
    "vgg19_size": "rows and columns of VGG19's input, pixels",
    "vgg19_weights": "imagenet (downloaded and checked) or random",
    "vgg19_width": "share of VGG19's filters",
    "visual_widths": "filters of the network's layers that see",
    "votes_folds": "folds by subject of the votes",
    "weights": "file of the network's weights; default: downloaded and checked; or random",
    "window": "length of a voice frame, seconds",
    "workers": "threads that prepare batches",
}


@dataclass(frozen=True)
class Script:
    """What a script says of itself: path, question, corpora (names) and options (names)."""

    path: Path
    question: str
    corpora: tuple
    options: tuple


def installed_scripts() -> dict[str, Path]:
    """Return {name: path} of the experiments that came with this installation."""
    folder = Path(__file__).parents[2] / "experiments"
    if folder.is_dir():
        paths = folder.glob("*.py")
    else:
        try:
            listed = files("emopipe") or []
        except PackageNotFoundError:
            listed = []
        paths = (Path(f.locate()) for f in listed if f.parent.name == "experiments")
    return {path.stem: path for path in sorted(paths) if path.suffix == ".py" and path.is_file()}


def find_script(text) -> Path:
    """Return the path of a script that is named by its path or, when installed, by its name.

    Raises
    ------
    FileNotFoundError
        When there is none; the message lists those installed.
    """
    path, scripts = Path(text), installed_scripts()
    if path.is_file() or path.name != str(text) or path.stem not in scripts:
        if not path.is_file():
            raise FileNotFoundError(
                f"no experiment script at {path}; installed: {', '.join(scripts) or 'none'}"
            )
        return path
    return scripts[path.stem]


def listing() -> str:
    """Return the installed experiments with their corpora and questions, as text."""
    lines = []
    for name, path in installed_scripts().items():
        script = read_script(path)
        lines.append(f"{name:<28}{' '.join(script.corpora) or 'needs no corpus'}")
        lines.append(f"    {script.question}")
    if not lines:
        return "no experiments are installed: emopipe run SCRIPT.py runs one of yours"
    usage = "emopipe run NAME --corpus CORPUS=FOLDER (or CORPUS=synthetic); NAME --help explains it"
    return "\n".join([*lines, "", usage])


def read_script(path) -> Script:
    """Return what a script says of itself, without running anything of it.

    Raises
    ------
    ValueError
        When it is no Python file, or defines no experiment.
    """
    path = Path(path)
    if path.suffix != ".py":
        raise ValueError(f"{path} is no experiment script: a Python file (.py) is wanted")
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = f"line {error.lineno}: " if getattr(error, "lineno", None) else ""
        reason = getattr(error, "msg", None) or error
        raise ValueError(f"{path} is no valid Python: {line}{reason}") from None
    if not any(_names_experiment(node) for node in ast.walk(tree)):
        raise ValueError(f"{path}: {_NO_EXPERIMENT}")
    defined = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "experiment"]
    arguments = defined[-1].args if defined else ast.arguments([], [], None, [], [], None, [])
    return Script(
        path,
        (ast.get_docstring(tree) or "").strip().partition("\n")[0],
        tuple(a.arg for a in arguments.posonlyargs + arguments.args),
        tuple(a.arg for a in arguments.kwonlyargs),
    )


def _names_experiment(node) -> bool:
    """Say whether a piece of a script defines, imports or assigns the name experiment."""
    if isinstance(node, ast.alias):
        return (node.asname or node.name) in ("experiment", "*")
    if isinstance(node, ast.Name):
        return node.id == "experiment" and isinstance(node.ctx, ast.Store)
    return isinstance(node, ast.FunctionDef) and node.name == "experiment"


def load_experiment(path):
    """Run a script and return its function experiment, its docstring and its dict SYNTHETIC.

    Raises
    ------
    ValueError
        When it defines none.
    """
    import runpy

    namespace = runpy.run_path(str(path))
    if not callable(namespace.get("experiment")):
        raise ValueError(f"{path}: {_NO_EXPERIMENT}")
    return namespace["experiment"], namespace.get("__doc__"), namespace.get("SYNTHETIC", {})


def parameters_of(experiment):
    """Return the corpora (names) and options ({name: its inspect.Parameter}) of an experiment."""
    parameters = inspect.signature(experiment).parameters.values()
    corpora = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    return corpora, {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}


def needed_corpora(experiment) -> list[str]:
    """Return the corpora (names) without which an experiment cannot run: those with no default."""
    parameters = inspect.signature(experiment).parameters.values()
    return [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY and p.default is p.empty]


def option_lines(experiment, synthetic) -> list[str]:
    """Return a line of help for each option: default, meaning, and what drawn people get."""
    meanings = MEANINGS | parameter_docs(experiment)
    lines = []
    for name, option in parameters_of(experiment)[1].items():
        default_text = "..." if option.default is option.empty else repr(option.default)
        small = f" (synthetic corpora: {synthetic[name]!r})" if name in synthetic else ""
        lines.append(f"  {name}={default_text}")
        if meanings.get(name) or small:
            lines.append(f"      {meanings.get(name, '')}{small}")
    return lines


def parameter_docs(function) -> dict[str, str]:
    """Return {parameter: meaning} of a numpydoc section "Parameters".

    Examples
    --------
    >>> parameter_docs(parameters_of), parameter_docs(find_script)
    ({}, {})
    """
    doc = inspect.getdoc(function) or ""
    section = doc.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    meanings, names = {}, []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(":")[0].split(",")]
            meanings |= dict.fromkeys(names, "")
        else:
            meanings |= {name: f"{meanings[name]} {line.strip()}".strip() for name in names}
    return meanings
