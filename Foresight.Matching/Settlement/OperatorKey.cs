using Foresight.Chain.Signing;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;

namespace Foresight.Matching.Settlement;

/// <summary>Formats as its address, so that no log or error can contain the secret.</summary>
public sealed class OperatorKey(PrivateKey key)
{
    /// <summary>
    /// Accounts of the mnemonic "test test test test test test test test test test test junk", which is public and which development chains
    /// fund (ten or twenty accounts).
    /// </summary>
    private static readonly HashSet<string> Published =
    [
        "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
        "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
        "0x90f79bf6eb2c4f870365e785982e1f101e93b906",
        "0x15d34aaf54267db7d7c367839aaf71a00a2c6a65",
        "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
        "0x976ea74026e726554db657fa54763abd0c3a0aa9",
        "0x14dc79964da2c08b23698b3d3cc7ca32193d9955",
        "0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f",
        "0xa0ee7a142d267c1f36714e4a8f75612f20a79720",
        "0xbcd4042de499d14e55001ccbb24a551f3b954096",
        "0x71be63f3384f5fb98995898a86b02fb2426c5788",
        "0xfabb0ac9d68b0b445fb7357272ff202c5651694a",
        "0x1cbd3b2770909d4e10f157cabc84c7264073c9ec",
        "0xdf3e18d64bc6a983f673ab319ccae4f1a57c7097",
        "0xcd3b766ccdd6ae721141f452c550ca635964ce71",
        "0x2546bcd3c84621e976d8185a91a922ae77ecec30",
        "0xbda5747bfd65f08deb54cb465eb87d40e51b197e",
        "0xdd2fd4581271e230360230f9337d5c0430bf44c0",
        "0x8626f6940e2eb28930efb4cef49b2d1f2c9c1199",
    ];

    public PrivateKey Key => key;

    public byte[] Address { get; } = key.Address.ToBytes();

    /// <summary>
    /// From <c>OPERATOR_KEY</c>, or from the file <c>OPERATOR_KEY_FILE</c>, which keeps the key out of the environment: 64 hexadecimal
    /// digits.
    /// </summary>
    /// <exception cref="SettingException">
    /// Neither or both are set, the value is not a key, or it is a published key in Production. The message never contains the key.
    /// </exception>
    public static OperatorKey From(IConfiguration configuration, IHostEnvironment environment)
    {
        var text = configuration.Optional("OPERATOR_KEY");
        if (configuration.Optional("OPERATOR_KEY_FILE") is { } path)
        {
            if (text is not null)
                throw new SettingException("OPERATOR_KEY and OPERATOR_KEY_FILE are both set; set only one of them.");
            try
            {
                text = File.ReadAllText(path).Trim();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new SettingException($"OPERATOR_KEY_FILE cannot be read: {error.Message}");
            }
        }

        if (text is null)
            throw new SettingException("OPERATOR_KEY (or OPERATOR_KEY_FILE) is not set: it is the key that signs settlement transactions.");
        try
        {
            var key = new OperatorKey(PrivateKey.Parse(text));
            if (environment.IsProduction() && Published.Contains(key.Key.Address.ToLowerHex()))
                throw new SettingException("OPERATOR_KEY is a published development key; Production requires a private one.");
            return key;
        }
        catch (FormatException error)
        {
            throw new SettingException($"OPERATOR_KEY: {error.Message}");
        }
    }

    public override string ToString() => key.ToString();
}
