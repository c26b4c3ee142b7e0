import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Addresses that no webhook of a lab listens on, but services of a cloud's hypervisor and of the network itself do: link-local (metadata services),
 * unspecified, multicast, broadcast.
 */
const REFUSED = new BlockList();
REFUSED.addSubnet('0.0.0.0', 8, 'ipv4');
REFUSED.addSubnet('169.254.0.0', 16, 'ipv4');
REFUSED.addSubnet('224.0.0.0', 3, 'ipv4');
REFUSED.addAddress('100.100.100.200', 'ipv4');
REFUSED.addAddress('::', 'ipv6');
REFUSED.addSubnet('fe80::', 10, 'ipv6');
REFUSED.addSubnet('ff00::', 8, 'ipv6');
REFUSED.addAddress('fd00:ec2::254', 'ipv6');
/** IPv4 in IPv6 dress reaches the same machines. */
REFUSED.addSubnet('64:ff9b::', 96, 'ipv6');

/** Whether a webhook must not be sent to this IP address. */
export function isRefusedAddress(address: string): boolean {
  // A block list compares addresses like ::ffff:169.254.169.254 with its IPv4 rules.
  return REFUSED.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** A host name in a URL that is an address already; undefined for a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : bare;
}

/** Looks a name up and fails when any of its addresses is refused: what is checked is what is connected to, whatever the name says the next time. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const refused = addresses.find(({ address }) => isRefusedAddress(address));
    if (refused !== undefined) return callback(new Error(`${hostname} is ${refused.address}, which no webhook may be sent to`), []);
    const [first] = addresses;
    if (options.all === true || first === undefined) callback(null, addresses satisfies readonly LookupAddress[]);
    else callback(null, first.address, first.family);
  });
};
