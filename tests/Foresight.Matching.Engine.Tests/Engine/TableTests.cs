using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Engine;

/// <summary>Random commands seldom produce collisions in the hash tables, so these are chosen to.</summary>
public sealed class TableTests
{
    // A multiple of any small number of buckets, so that numbers at this distance share theirs.
    private const int Distance = 65_536;

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(0, 2, 1)]
    [InlineData(1, 0, 2)]
    [InlineData(1, 2, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(2, 1, 0)]
    public void OrdersOfOneBucket_AreFoundAndCancelledInAnyOrder(int first, int second, int third)
    {
        var harness = new Harness().List().Fund(1, 100_000);
        var orders = new List<OrderId>();
        for (var i = 0; i < 3; i++)
        {
            orders.Add(Assert.IsType<OrderAccepted>(harness.Apply(Harness.Order(1, Side.Buy, 100, 10))[0]).Order);
            while (harness.Engine.Sequence < orders[0].Value + Distance * (i + 1) - 1)
                harness.Apply(new Command { Kind = CommandKind.ExpireOrders });
        }

        foreach (var index in (int[])[first, second, third])
        {
            var order = orders[index];
            Assert.True(harness.Engine.TryGetOpenOrder(order, out _), $"{order} is not found");
            Assert.Equal(
                RejectReason.None,
                harness.Reason(
                    new Command
                    {
                        Kind = CommandKind.CancelOrder,
                        Order = order,
                        Account = new AccountId(1),
                    }
                )
            );
            orders[index] = default;
            foreach (var other in orders)
                Assert.Equal(other != default, harness.Engine.TryGetOpenOrder(other, out _));
        }

        Assert.Equal(0, harness.Engine.OpenOrders);
        Assert.Equal(0, harness.Collateral(1).OrderHold);
    }

    [Fact]
    public void Holdings_OfManyAccounts_AreAllFound()
    {
        const int Accounts = 5_000;
        var harness = new Harness().List();
        for (var account = 1; account <= Accounts; account++)
            harness.Fund(account, account).Give(account, account % 2, account * 2L);
        for (var account = 1; account <= Accounts; account++)
        {
            Assert.Equal(account, harness.Collateral(account).Owned);
            Assert.Equal(account * 2L, harness.Shares(account, account % 2).Owned);
            Assert.Equal(0, harness.Shares(account, 1 - account % 2).Owned);
        }
    }
}
