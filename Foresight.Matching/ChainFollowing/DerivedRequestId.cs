using System.Security.Cryptography;
using System.Text;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Derives a command's request id from its content: the same fact has the same id on every node and after every crash, so the leader
/// applies it once however often it is sent.
/// </summary>
public static class DerivedRequestId
{
    public static Guid Of(params ReadOnlySpan<string> words) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('|', words))).AsSpan(0, 16), bigEndian: true);
}
