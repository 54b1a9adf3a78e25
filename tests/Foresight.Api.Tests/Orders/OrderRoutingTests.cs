using System.Diagnostics;
using Foresight.Api.Tests.Stack;
using Foresight.Chain.Signing;
using Foresight.Cluster.Proof;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Orders;

[Collection(ApiStackCollection.Name)]
public sealed class OrderRoutingTests(ApiStack stack)
{
    [Fact]
    public async Task WithoutALeader_TheCallerIsToldAtItsDeadline_ThatNothingWasDone()
    {
        var started = Stopwatch.GetTimestamp();
        var (status, body, response) = await stack.Http.PostAsync("orders", Signed.Order(), ("X-Deadline-Ms", "400"));
        Assert.Equal((503, "not_leader"), (status, body.Code()));
        Assert.True(body.GetProperty("retryable").GetBoolean());
        Assert.Equal("1", response.Headers.GetValues("Retry-After").Single());
        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(350), "the node looked for a leader until the deadline");
    }

    [Fact]
    public async Task ALeaderThatComesBeforeTheDeadline_GetsTheOrder()
    {
        var order = Signed.Order();
        var placing = stack.Http.PostAsync("orders", order, ("X-Deadline-Ms", "20000"));
        await using var gateway = await GatewayOfTest.OpenAsync(stack, command => Accepted(command));
        var (status, body, response) = await placing;
        Assert.Equal(201, status);
        Assert.Equal(Signed.HashOf(order), body.GetProperty("orderId").GetString());
        Assert.Equal(
            ("partially_filled", "1", "0.4", "0.6"),
            (Text("status"), Text("requestedAmount"), Text("filledAmount"), Text("remainingAmount"))
        );
        Assert.Equal("0.5", body.GetProperty("fills")[0].GetProperty("price").GetString());
        Assert.Equal("0/1234", response.Headers.GetValues("X-Foresight-Lsn").Single());
        Assert.Equal($"/orders/{Signed.HashOf(order)}", response.Headers.Location?.ToString());
        Assert.Equal(NodeKinds.Api, Assert.Single(gateway.Callers)?.Kind);
        Assert.DoesNotContain(ApiStack.ClusterSecret, Assert.Single(gateway.Received));
        var sent = Assert.IsType<PlaceOrder>(Assert.Single(gateway.Commands));
        Assert.Equal((1, 0, true, 5000, 100L), (sent.MarketId, sent.Outcome, sent.IsBuy, sent.PriceTicks, sent.Lots));

        string? Text(string member) => body.GetProperty(member).GetString();
    }

    [Fact]
    public async Task ALeaderThatHangs_LeavesItInDoubt_AndTheOrdersIdIsTold()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(stack, _ => new TaskCompletionSource<CommandResult>().Task);
        var order = Signed.Order();
        var (status, body, response) = await stack.Http.PostAsync("orders", order, ("X-Deadline-Ms", "500"));
        Assert.Equal((202, "in_doubt"), (status, body.Code()));
        Assert.Equal(Signed.HashOf(order), body.GetProperty("orderId").GetString());
        Assert.Equal($"/orders/{Signed.HashOf(order)}", response.Headers.Location?.ToString());
    }

    [Theory]
    [InlineData("insufficient_balance", 422)]
    [InlineData("would_cross", 422)]
    [InlineData("market_paused", 422)]
    [InlineData("idempotency_key_reused", 422)]
    public async Task ARefusalOfTheExchange_HasItsCode(string code, int expected)
    {
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command => Task.FromResult(new CommandResult(command.RequestId, ResultStatus.Rejected, code, 7, 11))
        );
        var (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order());
        Assert.Equal((expected, code), (status, body.Code()));
        Assert.Equal(11, body.GetProperty("sequence").GetInt64());
    }

    [Fact]
    public async Task ADuplicate_IsAConflict_WithTheOrderThatWasThereBefore()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command => Task.FromResult(new CommandResult(command.RequestId, ResultStatus.Duplicate, ProblemCodes.DuplicateOrder, 7, 11))
        );
        var order = Signed.Order();
        var (status, body, _) = await stack.Http.PostAsync("orders", order);
        Assert.Equal((409, "duplicate_order"), (status, body.Code()));
        Assert.Equal(Signed.HashOf(order), body.GetProperty("orderId").GetString());
    }

    [Fact]
    public async Task OneIdempotencyKey_IsOneRequest_AndNoKeyIsANewOneEachTime()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(stack, command => Accepted(command));
        var order = Signed.Order();
        await stack.Http.PostAsync("orders", order, ("Idempotency-Key", "same"));
        await stack.Http.PostAsync("orders", order, ("Idempotency-Key", "same"));
        await stack.Http.PostAsync("orders", order, ("Idempotency-Key", "other"));
        await stack.Http.PostAsync("orders", order);
        await stack.Http.PostAsync("orders", order);
        var ids = gateway.Commands.Select(command => command.RequestId).ToList();
        Assert.Equal(ids[0], ids[1]);
        Assert.Equal(4, ids.Distinct().Count());
    }

    [Fact]
    public async Task ASignatureForAnotherChain_IsRefused_AndTheWrongFieldIsNamed()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(stack, command => Accepted(command));
        var (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order(TypedDataDomain.OfMarket(1, ApiStack.Binary)));
        Assert.Equal((422, "invalid_signature"), (status, body.Code()));
        Assert.Equal(("chainId", "1"), (body.GetProperty("domainField").GetString(), body.GetProperty("domainValue").GetString()));
        Assert.Equal(66, body.GetProperty("expectedDigest").GetString()!.Length);

        (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order(TypedDataDomain.OfMarket(31337, ApiStack.ThreeWay)));
        Assert.Equal((422, "verifyingContract"), (status, body.GetProperty("domainField").GetString()));

        var stranger = PrivateKey.OfPhrase("a stranger");
        (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order(key: stranger));
        Assert.Equal((422, "invalid_signature"), (status, body.Code()));
        Assert.Equal(stranger.Address.ToString(), body.GetProperty("recoveredAddress").GetString());
        Assert.Empty(gateway.Commands);
    }

    [Fact]
    public async Task ACancel_IsTheMakersAlone()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command =>
                Task.FromResult(
                    new CommandResult(command.RequestId, ResultStatus.Accepted, null, 7, 12) { Cancelled = ["0xab"], CommitLsn = "0/99" }
                )
        );
        var (status, body, _) = await stack.Http.PostAsync("orders/cancel", Signed.Cancel(5, PrivateKey.OfPhrase("a stranger")));
        Assert.Equal((422, "invalid_signature"), (status, body.Code()));
        Assert.Empty(gateway.Commands);

        (status, body, var response) = await stack.Http.PostAsync("orders/cancel", Signed.Cancel(5));
        Assert.Equal((200, "0xab"), (status, body.GetProperty("cancelled")[0].GetString()));
        Assert.Equal("0/99", response.Headers.GetValues("X-Foresight-Lsn").Single());
        Assert.Equal("5", Assert.IsType<CancelBySalt>(Assert.Single(gateway.Commands)).Salt);
    }

    [Fact]
    public async Task AnUnknownMarket_IsRefused()
    {
        var (status, body, _) = await stack.Http.PostAsync(
            "orders",
            Signed.Order(market: Chain.Address.Parse("0x4444444444444444444444444444444444444444"))
        );
        Assert.Equal((422, "invalid_market"), (status, body.Code()));
    }

    private static Task<CommandResult> Accepted(LeaderCommand command) =>
        Task.FromResult(
            new CommandResult(command.RequestId, ResultStatus.Accepted, null, 7, 11)
            {
                OrderStatus = "partially_filled",
                FilledLots = 40,
                RemainingLots = 60,
                Fills = [new CommandFill(3, 5000, 40, IsTaker: true)],
                CommitLsn = "0/1234",
            }
        );
}
