using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Tests.Contracts;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Rpc;

public sealed class EthereumClientTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private readonly Exchange _exchange = fixture.Exchange;

    private EthereumClient Client => _exchange.Chain.Client;

    [Fact]
    public async Task ChainBlocksAndFees()
    {
        Assert.Equal(AnvilChain.ChainId, await Client.ChainIdAsync());
        await _exchange.Chain.MineAsync(3);
        var head = await Client.BlockNumberAsync();

        var blocks = await Client.GetBlocksAsync(head - 2, head);

        Assert.Equal([head - 2, head - 1, head], blocks.Select(b => b.Number));
        Assert.Equal(blocks[1].Hash, blocks[2].ParentHash);
        // Compared member by member, because the bloom is an array.
        Assert.Equivalent(blocks[2], await Client.GetBlockAsync(BlockRef.Hash(blocks[2].Hash)));
        Assert.Equivalent(blocks[2], await Client.GetBlockAsync(BlockRef.Latest));
        Assert.True(blocks[2].BaseFeePerGas > 0);
        var fees = await Client.SuggestFeesAsync(leastTip: 7);
        Assert.True(fees.BaseFeePerGas > 0 && fees.MaxPriorityFeePerGas >= 7 && fees.MaxFeePerGas > fees.BaseFeePerGas);
    }

    [Fact]
    public async Task WhatIsNotThere_IsNull_AndAMissingBlockOfARangeIsAnError()
    {
        Assert.Null(await Client.GetBlockAsync(1_000_000));
        Assert.Null(await Client.GetBlockAsync(BlockRef.Hash(Hash32.Zero)));
        Assert.Null(Assert.Single(await Client.GetTransactionReceiptsAsync([Hash32.Zero])));
        Assert.False(await Client.KnowsTransactionAsync(Hash32.Zero));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => Client.GetBlocksAsync(0, 1_000_000 - 999_950));
    }

    [Fact]
    public async Task LogsReceiptsAndTransactions_TellOfTheSameThing()
    {
        var market = await _exchange.MarketAsync(2);
        var trader = await _exchange.TraderAsync("logging", 100);
        var nonce = await Client.GetTransactionCountAsync(trader.Address);
        var receipt = await _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("cancelSalt", 42));
        await _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("cancelSalt", 43));
        var log = Assert.Single(receipt.Logs);

        var filter = new LogFilter
        {
            FromBlock = receipt.BlockNumber,
            ToBlock = receipt.BlockNumber,
            Addresses = [market.Address, _exchange.Factory.Address],
            Topics =
            [
                [MarketEvents.OrderFilled.Topic, MarketEvents.SaltCancelled.Topic],
                [TopicOf(trader.Address)],
            ],
        };
        var found = Assert.Single(await Client.GetLogsAsync(filter));
        Assert.Equal(
            (log.TransactionHash, log.BlockHash, log.Index, log.Address),
            (found.TransactionHash, found.BlockHash, found.Index, found.Address)
        );
        Assert.Equal(log.Data, found.Data);
        Assert.Equal(42, Assert.IsType<MarketEvent.SaltCancelled>(MarketEvents.TryDecode(found)).Salt);
        Assert.Single(await Client.GetLogsAsync(filter with { BlockHash = receipt.BlockHash }));
        Assert.Equal(
            2,
            (
                await Client.GetLogsAsync(
                    filter with
                    {
                        ToBlock = receipt.BlockNumber + 1,
                        Topics =
                        [
                            [],
                            [TopicOf(trader.Address)],
                        ],
                    }
                )
            ).Count
        );
        Assert.Empty(await Client.GetLogsAsync(filter with { Addresses = [_exchange.Usdc.Address] }));

        Assert.True(await Client.KnowsTransactionAsync(receipt.TransactionHash));
        Assert.Equal(nonce + 2, await Client.GetTransactionCountAsync(trader.Address));
        Assert.Equal(nonce, await Client.GetTransactionCountAsync(trader.Address, receipt.BlockNumber - 1));
        Assert.True(await Client.GetBalanceAsync(trader.Address) > 0);
        Assert.NotEmpty(await Client.GetCodeAsync(market.Address));
        Assert.Empty(await Client.GetCodeAsync(trader.Address));
    }

    [Fact]
    public async Task Revert_IsAnErrorWithItsData_AndInABatchTheResultOfThatCallAlone()
    {
        var nobody = Address.Parse("0x00000000000000000000000000000000000000aa");
        var transfer = new CallRequest(_exchange.Usdc.Address, UsdcContract.Transfer(nobody, 1), From: nobody);

        var error = await Assert.ThrowsAsync<RpcException>(() => Client.CallAsync(transfer));
        Assert.True(error.IsRevert);
        Assert.Equal(100, error.RevertData!.Length);
        Assert.Contains(error.RevertReason!, error.Message, StringComparison.Ordinal);
        var estimate = _exchange.Chain.EstimateGasAsync(nobody, transfer.To, transfer.Data);
        Assert.Equal(error.RevertData, (await Assert.ThrowsAsync<RpcException>(() => estimate)).RevertData);

        var balance = new CallRequest(_exchange.Usdc.Address, UsdcContract.BalanceOfFunction.Encode(nobody));
        var results = await Client.CallManyAsync([balance, transfer, balance], BlockRef.Latest);
        Assert.Equal([true, false, true], results.Select(r => r.Revert is null));
        Assert.Equal(error.RevertData, results[1].Revert!.RevertData);
        Assert.Throws<RpcException>(() => results[1].Required());
    }

    [Fact]
    public async Task Batch_BeyondTheLimit_IsSplitAndComesBackInOrder()
    {
        var head = await Client.BlockNumberAsync();
        await _exchange.Chain.MineAsync(Math.Max(0, HttpNodeClient.BatchLimit + 5 - (int)head));
        var blocks = await Client.GetBlocksAsync(0, HttpNodeClient.BatchLimit + 4);
        Assert.Equal(Enumerable.Range(0, HttpNodeClient.BatchLimit + 5).Select(n => (long)n), blocks.Select(b => b.Number));
    }

    [Fact]
    public async Task RefusedTransaction_ThrowsWithTheNodesWords()
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => Client.SendRawTransactionAsync([2, 0xc0]));
        Assert.NotEqual(0, error.Code);
        Assert.NotEmpty(error.NodeMessage);
    }

    [Fact]
    public async Task BlockPinnedByHash_ThatAReorganisationRemoved_IsAnError()
    {
        var snapshot = await _exchange.Chain.SnapshotAsync();
        await _exchange.Chain.MineAsync();
        var block = (await Client.GetBlockAsync(BlockRef.Latest))!;
        Assert.Equal(BigInteger.Zero, await _exchange.Usdc.BalanceOfAsync(Address.Zero, BlockRef.Hash(block.Hash)));

        await _exchange.Chain.RevertAsync(snapshot);
        await _exchange.Chain.RequestAsync("anvil_mine", "0x1", "0x64");

        Assert.Null(await Client.GetBlockAsync(BlockRef.Hash(block.Hash)));
        await Assert.ThrowsAnyAsync<RpcException>(() => _exchange.Usdc.BalanceOfAsync(Address.Zero, BlockRef.Hash(block.Hash)));
    }

    private static Hash32 TopicOf(Address account)
    {
        var word = new byte[Word.Size];
        Word.Write(account, word);
        return new Hash32(word);
    }
}
