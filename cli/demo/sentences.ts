/** Sentences written for Grove: evaluation rows of the demo and the words of its synthetic vocabulary. */
export const DEMO_SENTENCES: readonly string[] = [
  'The night technician moved the last laptop to the quiet shelf and waited for its fan to stop.',
  'A scheduler that cannot say why a job is waiting will be asked about it every morning.',
  'Rain fell on the test field, so the drones stayed in their boxes until noon.',
  'Half of the machines were asleep; the other half were measuring the same small model.',
  'She compared two numbers, found them equal, and still did not trust either of them.',
  'When the driver was updated, every cell of that column turned grey and asked for a new run.',
  'Nobody remembered who had unplugged the switch, but the log had written it down.',
  'An honest report shows the spread of a measurement before it shows the best value.',
  'The old battery swelled in its case and the lab manager put the tablet in quarantine.',
  'Seven agents came back after the storm and not one of them had lost its work.',
  'Quantized weights are small, yet a careless range can spoil every answer they give.',
  'He wrote the recipe once, sent it to forty devices, and read one table in the evening.',
];
