using System.Reflection;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class ArtifactTests
{
    [Fact]
    public void Artifacts_AreWhatTheSourcesCompileTo()
    {
        var folder = Path.Combine(Repository.Root, "contracts");
        Assert.Contains("match the sources", Command.Run("node", folder, "build.mjs", "--check"), StringComparison.Ordinal);
    }

    /// <summary>The wrappers say in C# what the compiler says in JSON: types, order, what is indexed, and what comes back.</summary>
    [Fact]
    public void Wrappers_HaveTheShapesOfTheContracts()
    {
        AssertShapes(typeof(MarketContract), ContractArtifact.Market);
        AssertShapes(typeof(MarketEvents), ContractArtifact.Market);
        AssertShapes(typeof(MarketFactoryContract), ContractArtifact.MarketFactory);
        AssertShapes(typeof(UsdcContract), ContractArtifact.MockUsdc);
        AssertShapes(typeof(OutcomeTokenContract), ContractArtifact.OutcomeToken);
    }

    [Fact]
    public void SettlementFailure_KnowsOnlyErrorsThatTheContractsHave()
    {
        var errors = ArtifactErrors.Signatures(ContractArtifact.Market, "error")
            .Concat(ArtifactErrors.Signatures(ContractArtifact.MarketFactory, "error")).ToHashSet();
        Assert.All(SettlementFailure.KnownErrors, e => Assert.Contains(e, errors));
    }

    [Fact]
    public void SettlementFailure_OfAnythingElse_ShowsTheBytes()
    {
        Assert.Equal(SettlementFailure.OutOfGas, SettlementFailure.Decode([]).Code);
        Assert.Equal(
            (SettlementFailure.Unknown, "0x01020304"),
            (SettlementFailure.Decode([1, 2, 3, 4]).Code, SettlementFailure.Decode([1, 2, 3, 4]).Text));

        // The selector of a known error and nothing behind it.
        Assert.Equal(
            SettlementFailure.Unknown, SettlementFailure.Decode(AbiError.Parse("OrderCancelled(bytes32 orderHash)").Selector).Code);
        var text = AbiFunction.Parse("Error(string reason)").Encode("not today");
        Assert.Equal("not today", SettlementFailure.Decode(text).Text);
    }

    private static void AssertShapes(Type wrapper, ContractArtifact artifact)
    {
        var functions = ArtifactErrors.Shapes(artifact, "function").ToHashSet();
        var events = ArtifactErrors.Shapes(artifact, "event").ToHashSet();
        var count = 0;
        foreach (var value in wrapper.GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => f.GetValue(null)))
        {
            if (value is AbiFunction function)
            {
                // A wrapper may leave out a result that it does not read.
                var outputs = $"({string.Join(',', function.Outputs.Select(o => o.Type.Name))})";
                Assert.True(
                    function.Outputs.Count == 0
                        ? functions.Any(f => f.StartsWith(function.Signature, StringComparison.Ordinal))
                        : functions.Contains(function.Signature + outputs), function.Signature);
                count++;
            }
            else if (value is AbiEvent e)
            {
                Assert.Contains(
                    $"{e.Name}({string.Join(',', e.Parameters.Select(p => p.Type.Name + (p.IsIndexed ? " indexed" : "")))})", events);
                count++;
            }
        }

        Assert.NotEqual(0, count);
    }
}
