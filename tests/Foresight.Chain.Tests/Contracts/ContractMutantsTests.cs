using Xunit;

namespace Foresight.Chain.Tests.Contracts;

/// <summary>contracts/mutants.mjs leaves out or turns one rule of firm money at a time; the tests of Firm must notice.</summary>
[Trait("Category", "Firm")]
public sealed class ContractMutantsTests
{
    private static readonly TimeSpan Hours = TimeSpan.FromHours(4);

    /// <summary>They run on request only, so a change of the contracts could leave their list behind unnoticed.</summary>
    [Fact]
    public async Task EachMutant_ChangesOnePlaceOfTheSources()
    {
        var (exitCode, output) = await RepositoryScript.RunAsync("contracts/mutants.mjs", "--list");
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    [Trait("Category", "Soak")]
    public async Task EachMutant_IsNoticed()
    {
        var (exitCode, output) = await RepositoryScript.RunLongAsync(Hours, "contracts/mutants.mjs");
        Assert.True(exitCode == 0, output);
    }
}
