"use strict";
// What a page does beyond being read. Without this script everything is still there.

document.documentElement.classList.add("js");

if (matchMedia("(max-width: 56rem)").matches) {
  document.querySelector(".menu")?.removeAttribute("open");
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}
