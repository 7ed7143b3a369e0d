"""How fast are the short-term voice features, against the library and against their bare FFTs?

Side by side on one thread at 16 kHz, taking turns in every round: pyAudioAnalysis, emopipe's engine
and nothing but the real FFTs of the same frames (scipy.fft.rfft, float64). Ratios are medians over
the rounds. Two settings: 50 ms windows every 25 ms, and 1 s windows every 50 ms (the thesis').
With --recordings also clips, from file to row: VoiceFunctionals (all sets but lpcc) against
ShortTermStatistics with 1 s windows.

    python experiments/bench/voice.py --quick
    python experiments/bench/voice.py --recordings RAVDESS/Actor_01 --out bench_voice.json
"""

import platform
import time
from pathlib import Path
from statistics import median

import numpy as np
import scipy
from command import new_parser, write_figures
from threadpoolctl import threadpool_limits

from emopipe import short_term_features
from emopipe.media import signal
from emopipe.voice import statistics
from emopipe.voice.clips import frame_features
from emopipe.voice.functional_sets import TOGETHER
from emopipe.voice.functionals import clip_functionals

SAMPLE_RATE = 16000
SETTINGS = {"50/25 ms": (0.050, 0.025), "1 s/50 ms": (1.0, 0.05)}


def synthetic_voice(seconds, seed=0):
    """Return float64 noise with a voice's slope and syllables, in steps of 16-bit samples."""
    n = int(seconds * SAMPLE_RATE)
    noise = np.random.default_rng(seed).standard_normal(n)
    syllables = 1.1 + np.sin(2 * np.pi * 4 * np.arange(n) / SAMPLE_RATE)
    return np.convolve(noise, 0.9 ** np.arange(40))[:n] * syllables * 1000


def contestants(samples, window, step):
    """Return what is timed, as name -> function."""
    n_window, n_step = int(window * SAMPLE_RATE), int(step * SAMPLE_RATE)
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_window)[::n_step]

    def features(engine):
        return short_term_features(samples, SAMPLE_RATE, window, step, engine=engine)

    return {
        "library": lambda: features("pyaudioanalysis"),
        "emopipe": lambda: features("emopipe"),
        "fft": lambda: scipy.fft.rfft(frames),
    }, len(frames)


def seconds_of(functions, n_rounds):
    """Return the seconds of every function in every round."""
    seconds = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(n_rounds):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def ratio(seconds, first, other):
    """Return the median over rounds of one's time by the other's."""
    return median(a / b for a, b in zip(seconds[first], seconds[other], strict=True))


def compare(samples, setting, n_rounds):
    """Return the figures of one signal at one setting."""
    functions, n_frames = contestants(samples, *SETTINGS[setting])
    library, ours = functions["library"](), functions["emopipe"]()
    # The library is slow: fewer rounds with it, then more of the two that are alike.
    slow = seconds_of(functions, max(3, n_rounds // 10))
    quick = seconds_of({name: functions[name] for name in ("emopipe", "fft")}, n_rounds)
    return {
        "frames": n_frames,
        "library_ms": 1000 * median(slow["library"]),
        "emopipe_ms": 1000 * median(quick["emopipe"]),
        "fft_ms": 1000 * median(quick["fft"]),
        "library_by_emopipe": ratio(slow, "library", "emopipe"),
        "emopipe_by_fft": ratio(quick, "emopipe", "fft"),
        "largest_difference": float(np.max(np.abs(ours - library) / (np.abs(library) + 1e-9))),
    }


def measure(signals, n_rounds):
    """Return one row per kind of signal and setting: medians over the signals of the kind."""
    rows = []
    for setting in SETTINGS:
        for kind, several in signals.items():
            comparisons = [compare(samples, setting, n_rounds) for samples in several]
            figures = {
                name: median(comparison[name] for comparison in comparisons)
                for name in comparisons[0]
            }
            figures["largest_difference"] = max(
                comparison["largest_difference"] for comparison in comparisons
            )
            rows.append(
                {"setting": setting, "signal": kind, "signals": len(comparisons), **figures}
            )
    return rows


def compare_extractors(paths, n_rounds):
    """Return what VoiceFunctionals take of clips, from file to row, by ShortTermStatistics."""
    frames = {"window": 1.0, "step": 0.05, "sample_rate": SAMPLE_RATE, "engine": "emopipe"}

    def rows(prepare, **parameters):
        return [block for path in paths for block in prepare(path, **parameters)]

    functions = {
        "statistics": lambda: [
            statistics(block.rows.T) for block in rows(frame_features, short="mirror", **frames)
        ],
        "functionals": lambda: rows(clip_functionals, sets=TOGETHER),
    }
    seconds = seconds_of(functions, n_rounds)
    return {
        "clips": len(paths),
        **{f"{name}_ms": 1000 * median(seconds[name]) / len(paths) for name in functions},
        "functionals_by_statistics": ratio(seconds, "functionals", "statistics"),
    }


def show_extractors(figures):
    """Print the second comparison."""
    print(
        f"\n{figures['clips']} clips, from file to row: functionals "
        f"{figures['functionals_ms']:.1f} ms, statistics {figures['statistics_ms']:.1f} ms; "
        f"ratio {figures['functionals_by_statistics']:.2f} (goal: <= 2)"
    )


def show(rows):
    """Print the table."""
    print("ratios are medians over interleaved rounds; goals: library/emopipe >= 10, /FFT <= 3\n")
    head = ("setting", "signal", "frames", "library", "emopipe", "bare FFT")
    print("{:10} {:22} {:>6} {:>11} {:>10} {:>10}".format(*head), end="")
    print(" {:>15} {:>12} {:>10}".format("library/emopipe", "emopipe/FFT", "difference"))
    for row in rows:
        times = [f"{row[name]:.2f} ms" for name in ("library_ms", "emopipe_ms", "fft_ms")]
        print("{:10} {:22} {:6.0f} ".format(row["setting"], row["signal"], row["frames"]), end="")
        print("{:>11} {:>10} {:>10}".format(*times), end="")
        print(f" {row['library_by_emopipe']:15.1f} {row['emopipe_by_fft']:12.2f}", end="")
        print(f" {row['largest_difference']:10.1e}")


def main():
    """Measure, print, write."""
    parser = new_parser(__doc__, "fewer rounds and signals")
    parser.add_argument("--recordings", type=Path, help="a folder of .wav files to use as well")
    args = parser.parse_args()
    signals = {
        f"synthetic, {s} s": [synthetic_voice(s)] for s in ((4, 20) if args.quick else (4, 60))
    }
    if args.recordings:
        paths = sorted(args.recordings.rglob("*.wav"))
        if not paths:
            parser.error(f"no .wav file below {args.recordings}")
        chosen = paths[:: max(1, len(paths) // (3 if args.quick else 12))]
        signals["recordings"] = [
            signal(path, sample_rate=SAMPLE_RATE) * np.float64(2**15) for path in chosen
        ]
    with threadpool_limits(1):
        rows = measure(signals, n_rounds=30 if args.quick else 100)
        extractors = compare_extractors(chosen, 5) if args.recordings else None
    show(rows)
    if extractors:
        show_extractors(extractors)
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    versions |= {"scipy": scipy.__version__, "machine": platform.machine()}
    write_figures(args.out, {"rows": rows, "clips": extractors, "versions": versions})


if __name__ == "__main__":
    main()
