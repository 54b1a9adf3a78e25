using System.Text.Json;
using System.Text.Json.Serialization;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.Settlement;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Setup;

/// <param name="Question">The factory finds the market by its keccak256, which is the contract's questionHash.</param>
/// <param name="FirmOnly">It takes orders of the vault alone (docs/firm-money.md).</param>
public sealed record ListedMarket(Address Address, string Question, IReadOnlyList<string> Outcomes, int TickSize, bool FirmOnly = false);

/// <param name="Factory">Null on a development chain, where the set-up deploys it.</param>
/// <param name="FirmMoney">Whether the vault of the factory is used (docs/firm-money.md).</param>
/// <param name="DelayRules">What a vault's delay must be; null: as the contract has it.</param>
/// <param name="VaultDelay">Of the vault that the set-up deploys; null: none.</param>
public sealed record SetupOptions(
    int Markets,
    TimeSpan ChainDeadline,
    Address? Factory,
    Address? Usdc,
    long? DeployedBlock,
    IReadOnlyList<ListedMarket> Listed,
    bool FirmMoney = false,
    WithdrawalDelay? VaultDelay = null,
    VaultDelayRules? DelayRules = null
)
{
    /// <summary>
    /// Of a development chain, whose blocks take a second: longer than a settlement there, and as long as somebody waits who resolves a
    /// market to see it.
    /// </summary>
    public static readonly WithdrawalDelay DevelopmentDelay = new(Blocks: 30, Seconds: 30);

    /// <summary>Default of anvil and hardhat. On any other chain nothing is ever deployed or funded.</summary>
    public const long DevelopmentChainId = Settings.DevelopmentChainId;

    /// <summary>A misspelt firmOnly must not list a market that takes orders of wallets.</summary>
    private static readonly JsonSerializerOptions MarketsJson = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static SetupOptions From(IConfiguration configuration)
    {
        var deadline = configuration.Milliseconds(
            "SETUP_CHAIN_DEADLINE_MS",
            TimeSpan.FromSeconds(60),
            TimeSpan.FromSeconds(1),
            TimeSpan.FromMinutes(10)
        );
        var markets = configuration.Integer("MARKETS", 4, 1, 1_000);
        var firmMoney = configuration.Flag("FIRM_MONEY", defaultValue: true);
        var isDevelopment = configuration.ChainId() == DevelopmentChainId;
        var settlement = SettlementOptions.From(configuration);
        var rules = new VaultDelayRules(settlement.FinalityBlocks, settlement.Confirmations, isDevelopment);
        if (isDevelopment)
        {
            WithdrawalDelay? delay = firmMoney ? rules.Require(DelayOf(configuration)) : null;
            return new SetupOptions(markets, deadline, null, null, null, [], firmMoney, delay, rules);
        }

        const string Why = "only the development chain 31337 is deployed to; everywhere else the contracts must be there and be named";
        return new SetupOptions(
            markets,
            deadline,
            AddressOf(configuration, "FACTORY_ADDRESS", Why),
            AddressOf(configuration, "USDC_ADDRESS", Why),
            configuration.Long("DEPLOYED_BLOCK", -1, -1, long.MaxValue) is >= 0 and var block
                ? block
                : throw new SettingException($"DEPLOYED_BLOCK is not set: {Why}."),
            ReadMarkets(configuration.Required("MARKETS_FILE", Why)),
            firmMoney,
            DelayRules: rules
        );
    }

    private static WithdrawalDelay DelayOf(IConfiguration configuration) =>
        new(
            configuration.Integer("VAULT_DELAY_BLOCKS", (int)DevelopmentDelay.Blocks, 1, 604_800),
            configuration.Integer("VAULT_DELAY_SECONDS", (int)DevelopmentDelay.Seconds, 1, 604_800)
        );

    private static Address AddressOf(IConfiguration configuration, string name, string why) =>
        Address.TryParse(configuration.Required(name, why), out var address)
            ? address
            : throw new SettingException($"{name} is not an address.");

    private static ListedMarket[] ReadMarkets(string path)
    {
        try
        {
            var markets = JsonSerializer.Deserialize<ListedMarket[]>(File.ReadAllText(path), MarketsJson) ?? [];
            var isValid =
                markets.Length > 0
                && markets.All(m => m is { Question.Length: > 0, Outcomes.Count: >= 2 and <= 8, TickSize: 1 or 10 or 100 });
            return isValid
                ? markets
                : throw new SettingException(
                    "MARKETS_FILE must list markets with address, question, 2 to 8 outcomes and tickSize 1, 10 or 100."
                );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new SettingException($"MARKETS_FILE cannot be read: {error.Message}");
        }
    }
}
