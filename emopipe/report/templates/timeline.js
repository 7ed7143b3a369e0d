"use strict";
for (const clip of document.querySelectorAll(".clip")) {
  const duration = Number(clip.dataset.duration), step = Number(clip.dataset.step);
  const player = clip.querySelector("video, audio"), box = clip.querySelector(".face");
  const faces = JSON.parse(clip.dataset.faces);
  const curves = [...clip.querySelectorAll(".curve")].map(curve => ({
    shares: JSON.parse(curve.dataset.shares), svg: curve.querySelector("svg"),
    lines: curve.querySelectorAll(".cursor"), out: curve.querySelector("output")}));
  let now = 0;
  const nearest = (items, gap) => items.reduce((a, b) => gap(b) < gap(a) ? b : a);
  const showFace = time => {
    if (!box || !faces.length) return;
    const face = nearest(faces, one => Math.abs(one[0] - time));
    // Where no frame near was looked at, nothing is claimed.
    box.style.display = Math.abs(face[0] - time) < 0.5 ? "block" : "none";
    ["left", "top", "width", "height"].forEach((side, place) => {
      box.style[side] = 100 * face[place + 1] + "%";
    });
    box.firstElementChild.textContent = "face, score " + Number(face[5].toPrecision(2));
  };
  const show = time => {
    now = Math.min(duration, Math.max(0, time));
    for (const curve of curves) {
      const width = curve.svg.viewBox.baseVal.width, x = width * now / duration;
      for (const line of curve.lines) { line.setAttribute("x1", x); line.setAttribute("x2", x); }
      const near = nearest(curve.shares, one => Math.abs((one[0] + one[1]) / 2 - now));
      const ranked = near[2] ? Object.entries(near[2]).sort((a, b) => b[1] - a[1]).slice(0, 2) : [];
      const text = now.toFixed(2) + " s: " +
        (ranked.map(([name, share]) => name + " " + share.toFixed(2)).join(", ") || "no answer");
      curve.out.textContent = text;
      curve.svg.setAttribute("aria-valuenow", now.toFixed(2));
      curve.svg.setAttribute("aria-valuetext", text);
    }
    showFace(now);
  };
  const go = time => {
    show(time);
    if (player) player.currentTime = now;
  };
  const place = (event, svg) => {
    const area = svg.getBoundingClientRect();
    return duration * (event.clientX - area.left) / area.width;
  };
  const keys = {
    ArrowLeft: () => now - step, ArrowDown: () => now - step,
    ArrowRight: () => now + step, ArrowUp: () => now + step,
    PageDown: () => now - 10 * step, PageUp: () => now + 10 * step,
    Home: () => 0, End: () => duration};
  for (const {svg} of curves) {
    svg.addEventListener("click", event => go(place(event, svg)));
    if (!player) svg.addEventListener("mousemove", event => show(place(event, svg)));
    svg.addEventListener("keydown", event => {
      if (event.key in keys) go(keys[event.key]());
      else if (player && (event.key === " " || event.key === "Enter")) {
        if (player.paused) player.play(); else player.pause();
      } else return;
      event.preventDefault();
    });
  }
  if (player) {
    const follow = () => { show(player.currentTime); if (!player.paused) requestAnimationFrame(follow); };
    for (const name of ["timeupdate", "seeked", "play"]) player.addEventListener(name, follow);
  }
  show(0);
}
