// Tiles from one PMTiles file on our own server, read piece by piece with range requests.
import { Protocol } from "pmtiles";

export function useTiles(addProtocol) {
  addProtocol("pmtiles", new Protocol().tile);
}
