import type { Json } from '../../domain/json.ts';

/** A document of plain data as JSON: drops undefined members, so that what is sent is what its type says. Throws TypeError for what JSON cannot hold. */
export function asJson(document: object): Json {
  const json: Json = JSON.parse(JSON.stringify(document));
  return json;
}
