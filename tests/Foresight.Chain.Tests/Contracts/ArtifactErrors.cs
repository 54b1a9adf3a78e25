using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;

namespace Foresight.Chain.Tests.Contracts;

internal static class ArtifactErrors
{
    public static string NameOf(ContractArtifact artifact, byte[]? revertData) =>
        artifact.Abi.Errors.Select(e => new AbiError(e)).FirstOrDefault(e => revertData is not null && e.Matches(revertData))?.Signature
        ?? Hex.Encode(revertData);
}
