using System.Globalization;
using Foresight.Chain.Signing;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Simulator;

public sealed record SimulatorOptions
{
    /// <summary>SIMULATOR_SEED: source of the traders' keys and of all decisions. Default 1.</summary>
    public required long Seed { get; init; }

    /// <summary>SIMULATOR_ORDERS_PER_SECOND: mean over all markets together, 0.01 to 10,000. Default 20.</summary>
    public required double OrdersPerSecond { get; init; }

    /// <summary>SIMULATOR_TRADERS, 2 to 1000. Default 16.</summary>
    public required int Traders { get; init; }

    /// <summary>SIMULATOR_MARKETS: number of listed markets to trade; 0 (default) is all.</summary>
    public required int Markets { get; init; }

    /// <summary>SIMULATOR_MAX_IN_FLIGHT: concurrent orders, 1 to 10,000. Default 128.</summary>
    public required int MaxInFlight { get; init; }

    /// <summary>FAUCET_KEY: account that funds the traders with gas and mock USDC. It has a default in development only.</summary>
    public required PrivateKey FaucetKey { get; init; }

    /// <summary>RPC_URL, or services__chain__http__0.</summary>
    public required Uri RpcUrl { get; init; }

    public static SimulatorOptions From(IConfiguration configuration) =>
        new()
        {
            Seed = configuration.Long("SIMULATOR_SEED", 1, 0, long.MaxValue),
            OrdersPerSecond = Rate(configuration, "SIMULATOR_ORDERS_PER_SECOND", 20, 0.01, 10_000),
            Traders = configuration.Integer("SIMULATOR_TRADERS", 16, 2, 1000),
            Markets = configuration.Integer("SIMULATOR_MARKETS", 0, 0, 10_000),
            MaxInFlight = configuration.Integer("SIMULATOR_MAX_IN_FLIGHT", 128, 1, 10_000),
            FaucetKey = Key(configuration.Required("FAUCET_KEY", "it is the private key of a funded account of the development chain")),
            RpcUrl = configuration.RpcUrl(),
        };

    private static PrivateKey Key(string text)
    {
        try
        {
            return PrivateKey.Parse(text);
        }
        catch (FormatException error)
        {
            throw new SettingException($"FAUCET_KEY: {error.Message}");
        }
    }

    private static double Rate(IConfiguration configuration, string name, double defaultValue, double minimum, double maximum)
    {
        if (configuration.Optional(name) is not { } text)
            return defaultValue;
        return
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate)
            && rate >= minimum
            && rate <= maximum
            ? rate
            : throw new SettingException($"{name} must be a number from {minimum} to {maximum}, not \"{text}\".");
    }
}
