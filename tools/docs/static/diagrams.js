// Draws the diagrams of a page, which arrive as code. Without mermaid, or without scripts, they stay what they are: text.
document.addEventListener("DOMContentLoaded", async () => {
  const blocks = [...document.querySelectorAll(".highlight-mermaid")];
  if (!blocks.length || typeof mermaid === "undefined") return;
  const chosen = document.body.dataset.theme;
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "neutral", flowchart: { useMaxWidth: true } });
  for (const block of blocks) {
    const drawing = document.createElement("div");
    drawing.className = "mermaid";
    drawing.textContent = block.textContent;
    block.replaceWith(drawing);
  }
  await mermaid.run();
});
