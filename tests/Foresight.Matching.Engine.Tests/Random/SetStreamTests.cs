using Xunit.Abstractions;

namespace Foresight.Matching.Engine.Tests.Random;

public sealed class SetStreamTests(ITestOutputHelper output) : DifferentialTests(output)
{
    public static TheoryData<ulong, RandomProfile> Streams =>
        new()
        {
            { 4, new RandomProfile(3, 3, Accounts: 6, OpenMarkets: 1, LiveOrders: 30, Span: 4) },
            { 5, new RandomProfile(3, 8, Accounts: 8, OpenMarkets: 3, LiveOrders: 70, Span: 5) },
            { 6, new RandomProfile(4, 5, Accounts: 5, OpenMarkets: 1, LiveOrders: 40, Span: 3) },
            { 7, new RandomProfile(8, 8, Accounts: 8, OpenMarkets: 1, LiveOrders: 50, Span: 3) },
        };

    [Theory]
    [MemberData(nameof(Streams))]
    public void RandomCommands_LeadToWhatTheObviousExchangeSays(ulong seed, RandomProfile profile) => Compare(seed, profile);
}
