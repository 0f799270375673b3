import { inIndonesian } from "./axe.mjs";

inIndonesian();
