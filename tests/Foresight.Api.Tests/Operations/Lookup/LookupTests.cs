using Foresight.Api.Operations.Lookup;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Lookup;

[Collection(ApiStackCollection.Name)]
public sealed class LookupTests(ApiStack stack) : IAsyncLifetime
{
    private readonly JournaledLife _life = new(stack, 8_600_000, "the look-up's tests");

    public Task InitializeAsync() => _life.InsertAsync();

    public Task DisposeAsync() => _life.DeleteAsync();

    [Fact]
    public async Task AnOrder_IsFoundByHash_ByTheBeginningOfIt_AndByTheNamesThatItsCallerGave()
    {
        var hash = _life.Bought.ToString();
        foreach (
            var text in new[] { hash, hash[2..], hash[..8], hash[..9], hash[2..8].ToUpperInvariant(), "client-8600000", "key-8600000" }
        )
        {
            var hit = Assert.Single(await FindAsync(text), hit => hit.Kind == LookupKinds.Order);
            Assert.Equal((hash, $"/admin/orders/{hash}"), (hit.Id, hit.Link));
            Assert.Equal($"buy 10 of 1:0 at 0.5 by {_life.Buyer}, cancelled, 2026-03-01 10:00:00Z", hit.Title);
        }

        Assert.Empty(await FindAsync("client-860000"));
    }

    [Fact]
    public async Task ATrade_IsFoundByItsNumber()
    {
        var hit = (await FindAsync("8600005"))[0];
        Assert.Equal((LookupKinds.Trade, "8600005", "/admin/trades/8600005"), (hit.Kind, hit.Id, hit.Link));
        Assert.Equal("direct of 1 at 0.5 in market 1, final, 2026-03-01 10:00:05Z", hit.Title);
    }

    [Fact]
    public async Task AnAccount_IsFoundByItsAddressInAnyCase_AndByTheBeginningOfIt()
    {
        var address = _life.Buyer.ToString();
        foreach (var text in new[] { address, _life.Buyer.ToLowerHex(), address[2..].ToUpperInvariant(), _life.Buyer.ToLowerHex()[..10] })
        {
            var hit = Assert.Single(await FindAsync(text), hit => hit.Kind == LookupKinds.Account);
            Assert.Equal((address, $"/admin/accounts/{address}"), (hit.Id, hit.Link));
        }
    }

    [Fact]
    public async Task ATransaction_IsFoundByItsHash()
    {
        var hit = Assert.Single(await FindAsync(_life.Sent.ToString()));
        Assert.Equal((LookupKinds.Transaction, $"/admin/transactions/{_life.Sent}"), (hit.Kind, hit.Link));
        Assert.Equal("4 trades of market 1, nonce 8600000, mined", hit.Title);
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task ATransactionThatFilledPastTheRelayer_LeadsToTheOrder_ToItsAccount_OrElseToTheMarket()
    {
        var (known, unknown) = (new string('7', 62) + "e1", new string('7', 62) + "e2");
        var (bought, buyer) = (_life.Bought.ToString(), _life.Buyer.ToString());
        var (order, stranger) = (new string('5', 64), new string('6', 40));
        await stack.ExecuteAsync(
            $"""
            INSERT INTO direct_fill_transactions (tx_hash, order_hash, market_id, maker, block_number)
            VALUES ('\x{known}', '\x{bought[2..]}', 1, '\x{_life.Buyer.ToLowerHex()[2..]}', 77),
                ('\x{unknown}', '\x{order}', 1, '\x{stranger}', 78)
            """
        );
        try
        {
            Assert.Equal(
                [
                    $"order {bought} order of {buyer} in market 1, filled past the relayer in block 77 by transaction 0x{known}",
                    $"account {buyer} its order {bought} in market 1 was filled past the relayer in block 77 by transaction 0x{known}",
                ],
                (await FindAsync($"0x{known}")).Select(hit => $"{hit.Kind} {hit.Id} {hit.Title}")
            );
            var market = Assert.Single(await FindAsync(unknown));
            Assert.Equal((LookupKinds.Market, "1", "/markets/1"), (market.Kind, market.Id, market.Link));
            Assert.Contains($"0x{order}", market.Title, StringComparison.Ordinal);
            Assert.Equal(3, (await FindAsync("0x7777777777")).Count);
        }
        finally
        {
            await stack.ExecuteAsync($"DELETE FROM direct_fill_transactions WHERE block_number IN (77, 78)");
        }
    }

    [Fact]
    public async Task AMarket_IsFoundByItsNumber_ItsContract_AndAPartOfItsQuestion()
    {
        foreach (var text in new[] { "1", ApiStack.Binary.ToString(), "rain?", "Rai", "ain" })
        {
            var hit = (await FindAsync(text)).First(hit => hit.Kind == LookupKinds.Market);
            Assert.Equal(("1", "Rain?", "/markets/1"), (hit.Id, hit.Title, hit.Link));
        }
    }

    [Fact]
    public async Task ANode_IsFoundByItsName()
    {
        var nodes = await stack.ReadAsync<IReadOnlyList<NodeRecord>>("cluster/nodes", asOperator: true);
        var node = nodes.First(node => node.Kind == "api");
        var hit = Assert.Single(await FindAsync(node.NodeId), hit => hit.Kind == LookupKinds.Node);
        Assert.Equal((node.NodeId, "api, running", "/cluster/nodes"), (hit.Id, hit.Title, hit.Link));
    }

    [Fact]
    public async Task WhateverTheTextIs_AtMostTwentyHitsAreReturned()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO accounts (account_id, address)
            SELECT 8600100 + n, decode('aabbcc' || lpad(to_hex(n), 34, '0'), 'hex') FROM generate_series(1, 60) n;
            INSERT INTO orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, time_in_force,
                post_only, stp, client_order_id, idempotency_key, salt, salt_tag, expiry, signature, status, shard, sequence, epoch,
                accepted_at, updated_sequence, updated_at)
            SELECT decode('aabbcc' || lpad(to_hex(n), 58, '0'), 'hex'), 8600100 + n, 1, 8600100 + n, 0, true, 5000, 1000, 0, false, 0,
                'aabbcc', 'aabbcc', n, n, 0, '', 3, 0, 1, 1, now(), 1, now() FROM generate_series(1, 60) n
            """
        );
        try
        {
            var hits = await FindAsync("aabbcc");
            Assert.Equal(LookupReader.MaxHits, hits.Count);
            Assert.Equal(10, hits.Count(hit => hit.Kind == LookupKinds.Order));
            Assert.Equal(hits.Count, hits.DistinctBy(hit => (hit.Kind, hit.Id)).Count());
        }
        finally
        {
            await stack.ExecuteAsync(
                """
                DELETE FROM orders WHERE order_id BETWEEN 8600101 AND 8600160;
                DELETE FROM accounts WHERE account_id BETWEEN 8600101 AND 8600160
                """
            );
        }
    }

    [Fact]
    public async Task WhatIsNowhere_IsAnEmptyList_AndNoRefusal()
    {
        var view = await stack.ReadAsync<LookupView>("admin/lookup?q=nothing-has-this-name", asOperator: true);
        Assert.Equal(("nothing-has-this-name", 0, 0), (view.Query, view.Hits.Count, view.Unavailable.Count));
    }

    [Theory]
    [InlineData("admin/lookup", "q must have 1 to 128 characters, and no control characters.")]
    [InlineData("admin/lookup?q=%20", "q must have 1 to 128 characters, and no control characters.")]
    [InlineData("admin/lookup?q=a%00", "q must have 1 to 128 characters, and no control characters.")]
    [InlineData("admin/lookup?q=5&kind=order", "The query parameter \"kind\" is unknown; this route takes q.")]
    public async Task AQuestionThatIsNotUnderstood_IsRefusedByName(string path, string detail)
    {
        var problem = await BadRequestTests.RefusalAsync(await stack.Admin.GetAsync(path), 400, "malformed_request");
        Assert.Equal(detail, problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task EveryQuery_IsServedByIndexes()
    {
        // A text that may be each of them: digits of a hash and of an address, and a number.
        foreach (var sql in LookupQueries.All)
            await stack.AssertIndexedAsync(sql, LookupReader.ParametersOf(LookupText.Of("123456")!));
    }

    [Fact]
    public async Task AQueryWithoutAnIndex_WouldBeFound() =>
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() =>
            stack.AssertIndexedAsync("SELECT order_id FROM orders WHERE reason = @text", new { text = "unfunded" })
        );

    private async Task<IReadOnlyList<LookupHit>> FindAsync(string text)
    {
        var view = await stack.ReadAsync<LookupView>($"admin/lookup?q={Uri.EscapeDataString(text)}", asOperator: true);
        Assert.Empty(view.Unavailable);
        return view.Hits;
    }
}
