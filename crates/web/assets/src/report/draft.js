// Keeps what was typed on this device for a day, so that a lost signal or a call costs nothing.
// Never kept: photos, hidden fields other than the position, and fields marked `data-no-draft`
// (name, telephone), because phones are shared. Nothing at all is kept of a report in confidence, that
// is while a choice marked `data-secret` is taken.
const DAY = 24 * 60 * 60 * 1000;
const keyOf = (name) => `pendopo:draft:${name}`;

export function keepDraft(form) {
  const name = form.dataset.draft;
  if (!name) return;
  const fields = () =>
    [...form.elements].filter(
      (field) =>
        field.name &&
        !("noDraft" in field.dataset) &&
        (field.matches("textarea, select, input[type=text], input[type=search], input:not([type])") ||
          ["lat", "long"].includes(field.id) ||
          (field.type === "radio" && field.checked)),
    );
  restore(form, read(name));
  let timer = 0;
  const save = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (form.querySelector("[data-secret]:checked")) {
        forgetDraft(name);
        return;
      }
      const values = Object.fromEntries(fields().filter((f) => f.value).map((f) => [f.name, f.value]));
      write(name, { at: Date.now(), values });
    }, 300);
  };
  form.addEventListener("input", save);
  form.addEventListener("change", save);
}

export function forgetDraft(name) {
  try {
    localStorage.removeItem(keyOf(name));
  } catch {
    // Storage may be forbidden; then there is nothing to forget.
  }
}

function restore(form, draft) {
  if (!draft) return;
  if (!(Date.now() - draft.at < DAY)) {
    forgetDraft(form.dataset.draft);
    return;
  }
  for (const [name, value] of Object.entries(draft.values)) {
    const field = form.elements.namedItem(name);
    // What the server has filled in is newer.
    if (field && "value" in field && !field.value) field.value = value;
  }
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(name)));
  } catch {
    return null;
  }
}

function write(name, draft) {
  try {
    localStorage.setItem(keyOf(name), JSON.stringify(draft));
  } catch {
    // Full or forbidden: the form works without.
  }
}
