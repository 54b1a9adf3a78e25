using System.Globalization;
using Foresight.Chain.Signing;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Simulator;

public sealed record SimulatorOptions
{
    /// <summary>SIMULATOR_SEED: source of the traders' keys and of all decisions, so that a run can be repeated.</summary>
    public required long Seed { get; init; }

    public required double OrdersPerSecond { get; init; }

    public required int Traders { get; init; }

    /// <summary>SIMULATOR_MARKETS: 0 is all.</summary>
    public required int Markets { get; init; }

    public required int MaxInFlight { get; init; }

    /// <summary>FAUCET_KEY: has a default in development only, because the simulator must never fund anything on a real chain.</summary>
    public required PrivateKey FaucetKey { get; init; }

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
