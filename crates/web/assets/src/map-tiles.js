// Tiles from one PMTiles file on our own server, read piece by piece with range requests.
import { PMTiles, Protocol } from "pmtiles";

/** Opens the file. `layers`: the names of its layers; `credit`: whom it wants named, as plain text. */
export async function openTiles(address, addProtocol) {
  const protocol = new Protocol();
  const file = new PMTiles(address);
  protocol.add(file);
  addProtocol("pmtiles", protocol.tile);
  const [header, metadata] = await Promise.all([file.getHeader(), file.getMetadata()]);
  const layers = (metadata?.vector_layers ?? []).map((layer) => layer.id);
  return { url: `pmtiles://${address}`, layers, credit: plain(metadata?.attribution), maxZoom: header.maxZoom };
}

/** Credits are often written with links. */
function plain(markup) {
  if (!markup) return null;
  return new DOMParser().parseFromString(markup, "text/html").body.textContent.trim() || null;
}
