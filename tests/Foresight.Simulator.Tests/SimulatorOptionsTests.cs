using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Simulator.Tests;

[Trait("Category", "Parts")]
public sealed class SimulatorOptionsTests
{
    private const string Key = "0x4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d";

    [Fact]
    public void WithoutSettings_ItIsASmallCalmVenue()
    {
        var options = From();
        Assert.Equal(
            (1L, 20.0, 16, 0, 128),
            (options.Seed, options.OrdersPerSecond, options.Traders, options.Markets, options.MaxInFlight)
        );
    }

    [Fact]
    public void EachSetting_IsReadByItsName()
    {
        var options = From(
            ("SIMULATOR_SEED", "7"),
            ("SIMULATOR_ORDERS_PER_SECOND", "0.5"),
            ("SIMULATOR_TRADERS", "2"),
            ("SIMULATOR_MARKETS", "3"),
            ("SIMULATOR_MAX_IN_FLIGHT", "4"),
            ("RPC_URL", "http://chain:8545")
        );
        Assert.Equal((7L, 0.5, 2, 3, 4), (options.Seed, options.OrdersPerSecond, options.Traders, options.Markets, options.MaxInFlight));
        Assert.Equal(new Uri("http://chain:8545"), options.RpcUrl);
    }

    [Theory]
    [InlineData("SIMULATOR_ORDERS_PER_SECOND", "0", "SIMULATOR_ORDERS_PER_SECOND must be a number from 0.01 to 10000, not \"0\".")]
    [InlineData("SIMULATOR_ORDERS_PER_SECOND", "1,5", "SIMULATOR_ORDERS_PER_SECOND must be a number from 0.01 to 10000, not \"1,5\".")]
    [InlineData("SIMULATOR_ORDERS_PER_SECOND", "NaN", "SIMULATOR_ORDERS_PER_SECOND must be a number from 0.01 to 10000, not \"NaN\".")]
    [InlineData("SIMULATOR_TRADERS", "1", "SIMULATOR_TRADERS must be a whole number from 2 to 1000, not \"1\".")]
    [InlineData("SIMULATOR_MAX_IN_FLIGHT", "0", "SIMULATOR_MAX_IN_FLIGHT must be a whole number from 1 to 10000, not \"0\".")]
    public void AWrongSetting_IsOneSentence(string name, string value, string expected) =>
        Assert.Equal(expected, Assert.Throws<SettingException>(() => From((name, value))).Message);

    [Fact]
    public void TheFaucetsKey_HasNoDefault_AndAWrongOneIsNotRepeated()
    {
        var missing = Assert.Throws<SettingException>(() => From(("FAUCET_KEY", null)));
        Assert.StartsWith("FAUCET_KEY is not set", missing.Message, StringComparison.Ordinal);
        var wrong = Assert.Throws<SettingException>(() => From(("FAUCET_KEY", "0xhunter2")));
        Assert.StartsWith("FAUCET_KEY: ", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", wrong.Message);
    }

    private static SimulatorOptions From(params (string Name, string? Value)[] settings)
    {
        var all = new Dictionary<string, string?> { ["FAUCET_KEY"] = Key, ["RPC_URL"] = "http://127.0.0.1:8545" };
        foreach (var (name, value) in settings)
            all[name] = value;
        return SimulatorOptions.From(new ConfigurationBuilder().AddInMemoryCollection(all).Build());
    }
}
