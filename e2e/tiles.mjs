// A small PMTiles file (version 3 of its specification) of the demo city, in the layers of the Protomaps basemap: an
// island, a lake, and two streets. Written here, so that a test of tiles needs no file from elsewhere.

export const CREDIT = "© Pemetaan Uji";

/** Around Tanjungpinang: west, south, east, north. */
const BOX = [104.3, 0.8, 104.7, 1.1];
const [MIN_ZOOM, MAX_ZOOM] = [0, 14];
const EXTENT = 4096;

const LAYERS = {
  earth: [{ kind: "earth", ring: [[104.38, 0.84], [104.6, 0.84], [104.6, 1.02], [104.38, 1.02]] }],
  water: [{ kind: "lake", ring: [[104.5, 0.94], [104.53, 0.94], [104.53, 0.97], [104.5, 0.97]] }],
  roads: [
    { kind: "highway", line: [[104.39, 0.85], [104.59, 1.01]] },
    { kind: "major_road", line: [[104.39, 0.93], [104.59, 0.93]] },
  ],
};

/** The bytes of the file. One directory holds every tile, so its zooms stop where few tiles are needed. */
export function city() {
  const tiles = [];
  for (let z = MIN_ZOOM; z <= MAX_ZOOM - 2; z++) {
    const [west, north] = onTile(BOX[0], BOX[3], z).map(Math.floor);
    const [east, south] = onTile(BOX[2], BOX[1], z).map(Math.floor);
    for (let x = west; x <= east; x++) for (let y = north; y <= south; y++) tiles.push({ id: tileId(z, x, y), bytes: tile(z, x, y) });
  }
  tiles.sort((a, b) => a.id - b.id);
  const metadata = Buffer.from(
    JSON.stringify({ name: "Kota uji", attribution: `<a href="https://peta.example">${CREDIT}</a>`, vector_layers: Object.keys(LAYERS).map((id) => ({ id, fields: {} })) }),
  );
  const directory = Buffer.from(directoryOf(tiles));
  const data = Buffer.concat(tiles.map((made) => made.bytes));
  const header = Buffer.alloc(127);
  header.write("PMTiles");
  header[7] = 3;
  const places = [127, directory.length, 127 + directory.length, metadata.length, 0, 0, 127 + directory.length + metadata.length, data.length, tiles.length, tiles.length, tiles.length];
  places.forEach((value, i) => header.writeBigUInt64LE(BigInt(value), 8 + 8 * i));
  // Clustered; nothing is compressed; MVT.
  header.set([1, 1, 1, 1, MIN_ZOOM, MAX_ZOOM - 2], 96);
  BOX.forEach((degrees, i) => header.writeInt32LE(Math.round(degrees * 1e7), 102 + 4 * i));
  header[118] = 10;
  [(BOX[0] + BOX[2]) / 2, (BOX[1] + BOX[3]) / 2].forEach((degrees, i) => header.writeInt32LE(Math.round(degrees * 1e7), 119 + 4 * i));
  return Buffer.concat([header, directory, metadata, data]);
}

function onTile(lon, lat, z) {
  const n = 2 ** z;
  const phi = (lat * Math.PI) / 180;
  return [((lon + 180) / 360) * n, ((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * n];
}

/** PMTiles 3 §4.1: the number of a tile along a Hilbert curve, after those of all smaller zooms. */
function tileId(z, x, y) {
  let id = (4 ** z - 1) / 3;
  for (let s = 2 ** z / 2; s >= 1; s /= 2) {
    const [rx, ry] = [(x & s) > 0 ? 1 : 0, (y & s) > 0 ? 1 : 0];
    id += s * s * ((3 * rx) ^ ry);
    if (ry === 0) {
      if (rx === 1) [x, y] = [s - 1 - x, s - 1 - y];
      [x, y] = [y, x];
    }
  }
  return id;
}

/** PMTiles 3 §4.2: columns of numbers: ids as steps, runs, lengths, offsets (0: right behind the one before). */
function directoryOf(tiles) {
  const bytes = varint(tiles.length);
  let before = 0;
  for (const { id } of tiles) bytes.push(...varint(id - before)), (before = id);
  for (const _ of tiles) bytes.push(...varint(1));
  for (const made of tiles) bytes.push(...varint(made.bytes.length));
  tiles.forEach((_, i) => bytes.push(...varint(i === 0 ? 1 : 0)));
  return bytes;
}

/** Mapbox Vector Tile 2.1. Shapes that reach over the edge are left to the drawer to cut. */
function tile(z, x, y) {
  const at = ([lon, lat]) => {
    const [tx, ty] = onTile(lon, lat, z);
    return [Math.round((tx - x) * EXTENT), Math.round((ty - y) * EXTENT)];
  };
  const layers = Object.entries(LAYERS).map(([name, shapes]) => {
    const kinds = [...new Set(shapes.map((shape) => shape.kind))];
    const features = shapes.map(({ kind, ring, line }) => {
      const points = (ring ?? line).map(at);
      // A ring of the outside goes clockwise on the screen, where y grows downwards.
      if (ring) points.reverse();
      return field(2, [...field(2, [0, kinds.indexOf(kind)]), 0x18, ring ? 3 : 2, ...field(4, geometry(points, Boolean(ring)))]);
    });
    const values = kinds.flatMap((kind) => field(4, field(1, [...Buffer.from(kind)])));
    return field(3, [...field(1, [...Buffer.from(name)]), ...features.flat(), ...field(3, [...Buffer.from("kind")]), ...values, 0x28, ...varint(EXTENT), 0x78, 2]);
  });
  return Buffer.from(layers.flat());
}

function geometry(points, closed) {
  let [px, py] = [0, 0];
  const steps = points.map(([x, y]) => {
    const step = [...varint(zigzag(x - px)), ...varint(zigzag(y - py))];
    [px, py] = [x, y];
    return step;
  });
  return [9, ...steps[0], ...varint(((points.length - 1) << 3) | 2), ...steps.slice(1).flat(), ...(closed ? [15] : [])];
}

/** A field of Protocol Buffers with a length. */
const field = (number, bytes) => [(number << 3) | 2, ...varint(bytes.length), ...bytes];
const zigzag = (n) => (n < 0 ? -2 * n - 1 : 2 * n);
function varint(n) {
  const bytes = [];
  for (; n >= 128; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return [...bytes, n];
}
