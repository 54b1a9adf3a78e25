using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Publishing;

namespace Foresight.AppHost.Native;

/// <summary>Stored in the folder of the data that the secret protects, which a new secret would not open.</summary>
internal sealed class KeptParameterDefault(NativeState state, string name) : ParameterDefault
{
    // These need no quoting in shells, URLs and connection strings.
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private const int Length = 32;

    public override string GetDefaultValue() => state.KeptSecret(name, () => RandomNumberGenerator.GetString(Letters, Length));

    public override void WriteToManifest(ManifestPublishingContext context) =>
        new GenerateParameterDefault { MinLength = Length, Special = false }.WriteToManifest(context);
}
