"""What axe is asked to look at on a page, once its script is there."""

AXE = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations, passes } = await axe.run(document, { runOnly: tags });
  const found = violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" "));
  return { found, passes: passes.length };
}"""
