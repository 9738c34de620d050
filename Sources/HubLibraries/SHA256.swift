// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import CHubLibraries

/// SHA-256 (FIPS 180-4), by libcrypto.
package enum SHA256 {
    /// The 32 bytes of a digest.
    ///
    /// - Throws: ``SystemLibraries/Missing``.
    package static func digest(of text: String) throws(SystemLibraries.Missing) -> [UInt8] {
        _ = try SystemLibraries.crypto.get()
        let functions = unsafe simile_crypto()
        var text = text
        let digest: [UInt8]? = text.withUTF8 { bytes in
            var digest = [UInt8](repeating: 0, count: 32)
            let status = unsafe digest.withUnsafeMutableBufferPointer { digest in
                unsafe functions.pointee.EVP_Digest(
                    bytes.baseAddress,
                    bytes.count,
                    digest.baseAddress,
                    nil,
                    functions.pointee.EVP_sha256(),
                    nil
                )
            }
            return status == 1 ? digest : nil
        }
        guard let digest else {
            throw SystemLibraries.Missing(description: "libcrypto gives no SHA-256: is it restricted on this machine?")
        }
        return digest
    }
}
#endif
