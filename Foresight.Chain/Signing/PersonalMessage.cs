using System.Globalization;
using System.Text;

namespace Foresight.Chain.Signing;

/// <summary>The prefix of EIP-191's version 0x45 keeps a signed text from being a valid transaction or typed data.</summary>
public static class PersonalMessage
{
    public static Hash32 Hash(string text)
    {
        var message = Encoding.UTF8.GetBytes(text);
        var prefix = Encoding.ASCII.GetBytes("\u0019Ethereum Signed Message:\n" + message.Length.ToString(CultureInfo.InvariantCulture));
        return Keccak256.Hash([.. prefix, .. message]);
    }

    public static byte[] Sign(string text, PrivateKey key) => key.Sign(Hash(text));

    public static SignatureFault Recover(string text, ReadOnlySpan<byte> signature, out Address signer) =>
        EcdsaSignature.Recover(Hash(text), signature, out signer);
}
