// Shows the chosen photo and makes it small before it is sent: a photo of 12 MB over a weak signal is
// a report that never arrives. Anything that goes wrong leaves the original file in the field.
const LONGEST = 1600;
const SMALL_ENOUGH = 600_000;

export function shrinkPhotos(input) {
  let round = 0;
  input.addEventListener("change", async () => {
    const mine = (round += 1);
    const files = await Promise.all([...input.files].map(shrunk));
    if (mine !== round) return; // another photo was chosen meanwhile
    const list = new DataTransfer();
    for (const file of files) list.items.add(file);
    input.files = list.files;
    preview(input, files);
  });
}

async function shrunk(file) {
  if (!file.type.startsWith("image/")) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    if (scale === 1 && file.size <= SMALL_ENOUGH && file.type === "image/jpeg") return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    if (!blob || blob.size >= file.size) return file;
    return new File([blob], `${file.name.replace(/\.[^.]*$/, "")}.jpg`, { type: "image/jpeg" });
  } catch {
    return file;
  }
}

function preview(input, files) {
  const place = document.querySelector(input.dataset.photo || "[data-photo-preview]");
  if (!place) return;
  for (const old of place.querySelectorAll("img")) URL.revokeObjectURL(old.src);
  place.replaceChildren(
    ...files.map((file) => {
      const image = document.createElement("img");
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      return image;
    }),
  );
  place.hidden = files.length === 0;
}
