using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Publishing;

namespace Foresight.AppHost.Native;

/// <summary>A secret that is generated at the first start and stored in the state folder, with the data that it protects.</summary>
internal sealed class KeptParameterDefault(NativeState state, string name) : ParameterDefault
{
    // Characters that need no quoting in shells, URLs and connection strings.
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private const int Length = 32;

    public override string GetDefaultValue() => state.KeptSecret(name, () => RandomNumberGenerator.GetString(Letters, Length));

    public override void WriteToManifest(ManifestPublishingContext context) =>
        new GenerateParameterDefault { MinLength = Length, Special = false }.WriteToManifest(context);
}
