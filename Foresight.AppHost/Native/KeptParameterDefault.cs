using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Publishing;

namespace Foresight.AppHost.Native;

/// <summary>Generated at the first start, and kept in the state folder beside the data that it belongs to.</summary>
internal sealed class KeptParameterDefault(NativeState state, string name) : ParameterDefault
{
    // Such as need no quoting anywhere.
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private const int Length = 32;

    public override string GetDefaultValue() => state.KeptSecret(name, () => RandomNumberGenerator.GetString(Letters, Length));

    public override void WriteToManifest(ManifestPublishingContext context) =>
        new GenerateParameterDefault { MinLength = Length, Special = false }.WriteToManifest(context);
}
