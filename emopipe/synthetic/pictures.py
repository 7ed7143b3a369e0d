"""Layouts of corpora of pictures and film scenes: AFEW, SFEW, JAFFE and RaFD."""

from emopipe.synthetic.clip import Clip, Layout

FEW_CODES = {
    "anger": "Angry", "disgust": "Disgust", "fear": "Fear", "happiness": "Happy",
    "neutral": "Neutral", "sadness": "Sad", "surprise": "Surprise",
}  # fmt: skip
_PARTS = ("Train", "Val", "Test", "Train", "Train")


def _few_takes(name: str):
    def takes(subject, emotion, oddities):
        # The names tell neither subject nor emotion, as in films; the part is the subject's.
        person = int(subject)
        folder = f"{_PARTS[(person - 1) % len(_PARTS)]}/{FEW_CODES[emotion]}"
        serial = person * 1000 + 100 * list(FEW_CODES).index(emotion)
        return [
            Clip((f"{folder}/{name.format(serial + k)}",), subject, emotion) for k in range(1, 100)
        ]

    return takes


JAFFE_CODES = {
    "neutral": "NE", "happiness": "HA", "sadness": "SA", "surprise": "SU", "anger": "AN",
    "disgust": "DI", "fear": "FE",
}  # fmt: skip
JAFFE_SUBJECTS = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")


def _jaffe_takes(subject, emotion, oddities):
    code = JAFFE_CODES[emotion]
    first = 21 * JAFFE_SUBJECTS.index(subject) + 3 * list(JAFFE_CODES).index(emotion)
    coloured = oddities and subject == "KL"
    return [
        Clip((f"{subject}.{code}{k}.{first + k}.tiff",), subject, emotion, grey=not coloured)
        for k in (1, 2, 3)
    ]


RAFD_CODES = {
    "anger": "angry", "contempt": "contemptuous", "disgust": "disgusted", "fear": "fearful",
    "happiness": "happy", "neutral": "neutral", "sadness": "sad", "surprise": "surprised",
}  # fmt: skip
RAFD_SUBJECTS = tuple(f"{model:02d}" for model in range(1, 68))
RAFD_SEXES = {model: ("male", "female")[int(model) % 2] for model in RAFD_SUBJECTS}


def _rafd_group(subject: str) -> str:
    return ("Caucasian", "Moroccan", "Caucasian", "Caucasian", "Kid")[int(subject) % 5]


def _rafd_takes(subject, emotion, oddities):
    who = f"{subject}_{_rafd_group(subject)}_{RAFD_SEXES[subject]}_{RAFD_CODES[emotion]}"
    gazes = {"frontal": 0, "left": 1, "right": -1}
    return [
        Clip((f"Rafd{angle:03d}_{who}_{gaze}.jpg",), subject, emotion, angle=angle, gaze=side)
        for angle in (90, 45, 135, 0, 180)
        for gaze, side in gazes.items()
    ]


_FILM_PEOPLE = tuple(str(number) for number in range(1, 331))
PICTURE_LAYOUTS: dict[str, Layout] = {
    "afew": Layout(FEW_CODES, _FILM_PEOPLE, _few_takes("{:09d}.avi")),
    "sfew": Layout(
        FEW_CODES, _FILM_PEOPLE, _few_takes("Synthetic_{:09d}_00000005.png"),
        modalities=("face",),
    ),
    "jaffe": Layout(
        JAFFE_CODES, JAFFE_SUBJECTS, _jaffe_takes, modalities=("face",),
        sexes=dict.fromkeys(JAFFE_SUBJECTS, "female"),
    ),
    "rafd": Layout(
        RAFD_CODES, RAFD_SUBJECTS, _rafd_takes, modalities=("face",), sexes=RAFD_SEXES,
        ages={subject: 10 for subject in RAFD_SUBJECTS if _rafd_group(subject) == "Kid"},
    ),
}  # fmt: skip
