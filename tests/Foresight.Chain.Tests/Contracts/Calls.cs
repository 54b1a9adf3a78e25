using Foresight.Chain.Contracts;

namespace Foresight.Chain.Tests.Contracts;

internal static class Calls
{
    public static byte[] Market(string function, params IReadOnlyList<object?> arguments) =>
        ContractArtifact.Market.Encode(function, arguments);

    public static byte[] Factory(string function, params IReadOnlyList<object?> arguments) =>
        ContractArtifact.MarketFactory.Encode(function, arguments);
}
