import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
const WORDS = ['the', 'cat', 'sat', 'on', 'mat', '##s', 'a', 'dog', '.'];

/** A twelve-word BERT tokenizer as `tokenizer.json` holds it; ids follow the order of SPECIAL, then WORDS. */
export function smallTokenizerFile(): Record<string, unknown> {
  const vocab = Object.fromEntries([...SPECIAL, ...WORDS].map((token, id) => [token, id]));
  const special = (id: string, typeId: number) => ({ SpecialToken: { id, type_id: typeId } });
  const sequence = (id: string, typeId: number) => ({ Sequence: { id, type_id: typeId } });
  return {
    version: '1.0',
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)],
      pair: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0), sequence('B', 1), special('[SEP]', 1)],
      special_tokens: {},
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  };
}

/** Writes the small tokenizer into a folder. */
export async function writeSmallTokenizer(
  folder: string,
  config: Record<string, unknown> = { pad_token: '[PAD]', model_max_length: 16 },
): Promise<void> {
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(smallTokenizerFile()));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
}
