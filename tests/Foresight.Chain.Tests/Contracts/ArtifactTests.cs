using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Tests.DevChain;
using Nethereum.ABI.Model;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class ArtifactTests
{
    [Fact]
    public async Task Artifacts_AreWhatTheSourcesCompileTo()
    {
        var (exitCode, output) = await RepositoryScript.RunAsync("contracts/build.mjs", "--check");
        Assert.True(exitCode == 0, output);
        Assert.Contains("match the sources", output, StringComparison.Ordinal);
    }

    [Fact]
    public void SettlementFailure_OfAnythingElse_ShowsTheBytes()
    {
        Assert.Equal(SettlementFailure.OutOfGas, SettlementFailure.Decode([]).Code);
        Assert.Equal(
            (SettlementFailure.Unknown, "0x01020304"),
            (SettlementFailure.Decode([1, 2, 3, 4]).Code, SettlementFailure.Decode([1, 2, 3, 4]).Text)
        );

        // A known error cannot be decoded without its arguments.
        Assert.Equal(SettlementFailure.Unknown, SettlementFailure.Decode(ContractArtifact.Market.Error("OrderCancelled").Selector).Code);
        var text = new AbiFunction(new FunctionABI("Error", true) { InputParameters = [new Parameter("string", "reason")] }).Encode(
            "not today"
        );
        Assert.Equal("not today", SettlementFailure.Decode(text).Text);
    }
}
