using System.Diagnostics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Schema;
using Foresight.Matching.Settlement;
using Foresight.Matching.Sharding;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Matching.Setup;

/// <c>setup</c>: migrates the schema and, on a development chain, ensures that contracts, markets and funded accounts exist. Idempotent.
/// Prints one line that describes the result.
internal static class SetupVerb
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments.Length > 0)
            throw new SettingException("setup takes no arguments.");
        var builder = Host.CreateApplicationBuilder();
        builder.AddServiceDefaults();
        builder.AddPrimary(PostgresAddress.From(builder.Configuration));
        builder.Services.AddSingleton<Migrator>();
        var key = OperatorKey.From(builder.Configuration, builder.Environment);
        var options = SetupOptions.From(builder.Configuration);
        var shards = ShardOptions.From(builder.Configuration);
        var chain = ChainExtensions.EndpointOf(builder.Configuration);
        using var host = builder.Build();

        var started = Stopwatch.GetTimestamp();
        var database = host.Services.GetRequiredService<NpgsqlDataSource>();
        var files = await host.Services.GetRequiredService<Migrator>().MigrateAsync();
        shards.Require(await ShardStore.FixAsync(database, shards.Count, CancellationToken.None));
        var summary = await RunAsync(database, chain, key, options, CancellationToken.None);
        Console.WriteLine(
            $"Set-up done in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s: {files} schema files applied; {summary}"
                + FirmMoneyNote(options, shards.Count)
        );
        return 0;
    }

    /// <summary>The vault is shown nowhere then, which an operator who has asked for it would search for.</summary>
    internal static string FirmMoneyNote(SetupOptions options, int shards) =>
        options.FirmMoney && shards > 1
            ? $" FIRM_MONEY is on, but the vault is followed by one engine alone: with {shards} shards it is not used and not shown, and "
                + "every order is paid by the wallet."
            : "";

    internal static async Task<string> RunAsync(
        NpgsqlDataSource database,
        ChainEndpoint chain,
        OperatorKey key,
        SetupOptions options,
        CancellationToken cancellationToken
    )
    {
        await WaitForChainAsync(chain, options.ChainDeadline, cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var store = new SetupStore(connection);
        await store.LockAsync();
        var recorded = await store.ReadAsync(chain.ChainId);
        return options.Factory is null
            ? await SetUpDevelopmentAsync(connection, store, recorded, chain, key, options, cancellationToken)
            : await ListExistingAsync(connection, store, recorded, chain, options, cancellationToken);
    }

    private static async Task<string> SetUpDevelopmentAsync(
        NpgsqlConnection connection,
        SetupStore store,
        RecordedDeployment? recorded,
        ChainEndpoint chain,
        OperatorKey key,
        SetupOptions options,
        CancellationToken cancellationToken
    )
    {
        // A factory of an earlier version keeps no signs of life: its chain is given up like one that was lost.
        var isThere = recorded is not null && await LifeOfAsync(chain, recorded.Factory, cancellationToken) is not null;
        var existing = isThere ? recorded!.Markets : 0;
        var planned = Enumerable.Range(existing, Math.Max(0, options.Markets - existing)).Select(DevelopmentMarkets.Number).ToList();
        if (isThere)
            await VaultOfAsync(chain, new MarketFactoryContract(chain.Client, recorded!.Factory), options, cancellationToken);
        if (isThere && planned.Count == 0)
            return $"{existing} markets on chain {chain.ChainId} as before, factory {recorded!.Factory}.";

        var development = new DevelopmentChain(chain.Client, key, chain.ChainId, options.VaultDelay);
        var generation = (recorded?.Generation ?? 0) + (isThere ? 0 : 1);
        MadeContracts contracts;
        var funded = 0;
        if (isThere)
        {
            contracts = new MadeContracts(recorded!.Usdc, recorded.OutcomeToken, recorded.Factory, recorded.DeployedBlock);
            await development.AddMarketsAsync(contracts.Factory, planned, cancellationToken);
        }
        else
        {
            contracts = await development.DeployAsync(generation, planned, cancellationToken);
            funded = await development.FundAsync(contracts, cancellationToken);
        }

        var factory = new MarketFactoryContract(chain.Client, contracts.Factory);
        var genesis =
            await chain.Client.GetBlockAsync(0, cancellationToken)
            ?? throw new RpcUnavailableException("eth_getBlockByNumber", "the node has no block 0");
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var offset =
            isThere ? recorded!.BlockOffset
            : recorded is null ? 0
            : await store.EndGenerationAsync(recorded, transaction);
        await store.RecordAsync(
            chain.ChainId,
            genesis.Hash,
            contracts.Usdc,
            contracts.OutcomeToken,
            contracts.Factory,
            contracts.DeployedBlock,
            generation,
            offset,
            await factory.LongestOrderLifeAsync(cancellationToken: cancellationToken),
            await VaultOfAsync(chain, factory, options, cancellationToken),
            transaction
        );
        foreach (var market in planned)
        {
            var address =
                await factory.MarketOfAsync(Keccak256.HashText(market.Question), cancellationToken: cancellationToken)
                ?? throw new InvalidOperationException($"The factory has no market for \"{market.Question}\" although it was made.");
            await store.AddMarketAsync(
                address,
                market.Question,
                market.Outcomes,
                market.TickSize,
                firmOnly: false,
                generation,
                transaction
            );
        }

        await transaction.CommitAsync(cancellationToken);
        return $"{existing + planned.Count} markets on chain {chain.ChainId} (generation {generation}), factory {contracts.Factory}, "
            + $"{funded} accounts funded.";
    }

    /// <summary>
    /// On a chain with real money nothing is deployed: the contracts that the settings name must exist, and are verified.
    /// </summary>
    private static async Task<string> ListExistingAsync(
        NpgsqlConnection connection,
        SetupStore store,
        RecordedDeployment? recorded,
        ChainEndpoint chain,
        SetupOptions options,
        CancellationToken cancellationToken
    )
    {
        var factory = new MarketFactoryContract(chain.Client, options.Factory!.Value);
        if (recorded is not null && recorded.Factory != factory.Address)
            throw new SettingException(
                $"FACTORY_ADDRESS is {factory.Address}, but the journal's trades were settled through {recorded.Factory}."
            );
        if ((await chain.Client.GetCodeAsync(factory.Address, cancellationToken: cancellationToken)).Length == 0)
            throw new SettingException($"FACTORY_ADDRESS: there is no contract at {factory.Address} on chain {chain.ChainId}.");
        if (await LifeOfAsync(chain, factory.Address, cancellationToken) is not { } longestOrderLife)
            throw new SettingException($"FACTORY_ADDRESS: {factory.Address} is no market factory of this version (longestOrderLife).");
        if (await factory.UsdcAsync(cancellationToken: cancellationToken) != options.Usdc)
            throw new SettingException($"USDC_ADDRESS is not the token of the factory {factory.Address}.");
        foreach (var market in options.Listed)
        {
            var address = await factory.MarketOfAsync(Keccak256.HashText(market.Question), cancellationToken: cancellationToken);
            if (
                address != market.Address
                || await new MarketContract(chain.Client, market.Address).OutcomesAsync(cancellationToken: cancellationToken)
                    != market.Outcomes.Count
            )
                throw new SettingException(
                    $"MARKETS_FILE: {market.Address} is not the factory's market for \"{market.Question}\" with "
                        + $"{market.Outcomes.Count} outcomes."
                );
        }

        var vault = await VaultOfAsync(chain, factory, options, cancellationToken);
        if (options.Listed.FirstOrDefault(market => market.FirmOnly) is { } firm && (vault is null || await store.ShardsAsync() > 1))
            throw new SettingException($"MARKETS_FILE: {firm.Address} is firmOnly, but no vault is used here.");
        var token = await factory.OutcomeTokenAsync(cancellationToken: cancellationToken);
        var genesis =
            await chain.Client.GetBlockAsync(0, cancellationToken)
            ?? throw new RpcUnavailableException("eth_getBlockByNumber", "the node has no block 0");
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await store.RecordAsync(
            chain.ChainId,
            genesis.Hash,
            options.Usdc!.Value,
            token,
            factory.Address,
            options.DeployedBlock!.Value,
            recorded?.Generation ?? 1,
            recorded?.BlockOffset ?? 0,
            longestOrderLife,
            vault,
            transaction
        );
        foreach (var market in options.Listed)
            await store.AddMarketAsync(
                market.Address,
                market.Question,
                market.Outcomes,
                market.TickSize,
                market.FirmOnly,
                recorded?.Generation ?? 1,
                transaction
            );
        await transaction.CommitAsync(cancellationToken);
        return $"{options.Listed.Count} markets of chain {chain.ChainId}, factory {factory.Address}.";
    }

    private static async Task<DeployedVault?> VaultOfAsync(
        ChainEndpoint chain,
        MarketFactoryContract factory,
        SetupOptions options,
        CancellationToken cancellationToken
    )
    {
        if (!options.FirmMoney || await factory.VaultAsync(cancellationToken: cancellationToken) is not { } vault)
            return null;
        var delay = await new VaultContract(chain.Client, vault).DelayAsync(cancellationToken: cancellationToken);
        return new DeployedVault(vault, options.DelayRules?.Require(delay) ?? delay);
    }

    /// <returns>
    /// Null where there is no contract, or one of an earlier version, which has no longest life of orders: neither can be used.
    /// </returns>
    private static async Task<TimeSpan?> LifeOfAsync(ChainEndpoint chain, Address factory, CancellationToken cancellationToken)
    {
        if ((await chain.Client.GetCodeAsync(factory, cancellationToken: cancellationToken)).Length == 0)
            return null;
        try
        {
            return await new MarketFactoryContract(chain.Client, factory).LongestOrderLifeAsync(cancellationToken: cancellationToken);
        }
        catch (RpcException error) when (error.IsRevert)
        {
            return null;
        }
    }

    private static async Task WaitForChainAsync(ChainEndpoint chain, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                var id = await chain.Client.ChainIdAsync(cancellationToken);
                if (id != chain.ChainId)
                    throw new SettingException($"CHAIN_ID is {chain.ChainId}, but the chain at RPC_URL is {id}.");
                return;
            }
            catch (RpcUnavailableException) when (Stopwatch.GetElapsedTime(started) < deadline)
            {
                // The node is not up yet; the deadline bounds the retries.
                await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
            }
        }
    }
}
