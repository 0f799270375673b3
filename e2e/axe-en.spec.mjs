import { inEnglish } from "./axe.mjs";

inEnglish();
