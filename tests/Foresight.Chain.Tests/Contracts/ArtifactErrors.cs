using System.Text.Json;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;

namespace Foresight.Chain.Tests.Contracts;

/// <summary>Reads signatures out of an artifact's ABI, as the compiler wrote it.</summary>
internal static class ArtifactErrors
{
    public static string NameOf(ContractArtifact artifact, byte[]? revertData)
        => Signatures(artifact, "error").FirstOrDefault(s => revertData is not null && AbiError.Parse(s).Matches(revertData))
            ?? Hex.Encode(revertData);

    /// <param name="type">function, event or error</param>
    public static IEnumerable<string> Signatures(ContractArtifact artifact, string type)
        => artifact.Abi.EnumerateArray().Where(e => e.GetProperty("type").GetString() == type).Select(
            e => e.GetProperty("name").GetString() + Types(e, "inputs"));

    /// <summary>Like a signature, with "indexed" where it is, and what a function returns.</summary>
    public static IEnumerable<string> Shapes(ContractArtifact artifact, string type)
        => artifact.Abi.EnumerateArray().Where(e => e.GetProperty("type").GetString() == type)
            .Select(e => e.GetProperty("name")
                .GetString() + Types(e, "inputs", withIndexed: true) + (type == "function" ? Types(e, "outputs") : ""));

    private static string Types(JsonElement entry, string list, bool withIndexed = false)
        => $"({string.Join(',', entry.GetProperty(list).EnumerateArray().Select(p => TypeOf(p) + (withIndexed && p.TryGetProperty("indexed", out var i) && i.GetBoolean() ? " indexed" : "")))})";

    private static string TypeOf(JsonElement parameter)
    {
        var type = parameter.GetProperty("type").GetString()!;
        return type.StartsWith("tuple", StringComparison.Ordinal) ? Types(parameter, "components") + type["tuple".Length..] : type;
    }
}
