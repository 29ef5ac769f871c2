// @ts-check
// Elements that both widgets add to the page.

/**
 * Add a new element at the end of `parent`.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Element} parent
 * @param {Tag} tag
 * @param {string} [className]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function add(parent, tag, className) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  parent.append(element);
  return element;
}

/**
 * Keep keys pressed inside `root` from triggering the notebook's shortcuts.
 *
 * @param {HTMLElement} root
 */
export function keepKeys(root) {
  root.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("keydown", (event) => event.stopPropagation());
}

/** A name that no other element of the page has. */
export function freshName() {
  return `live-${Math.random().toString(36).slice(2)}`;
}

/**
 * Add radio buttons, one for each of `labels`. The arrow keys move between them.
 *
 * @param {Element} parent
 * @param {string[]} labels
 * @param {(index: number) => void} pick
 */
export function addRadios(parent, labels, pick) {
  const name = freshName();
  return labels.map((text, index) => {
    const label = add(parent, "label");
    const radio = add(label, "input");
    radio.type = "radio";
    radio.name = name;
    radio.addEventListener("change", () => pick(index));
    add(label, "span").textContent = text;
    return radio;
  });
}
