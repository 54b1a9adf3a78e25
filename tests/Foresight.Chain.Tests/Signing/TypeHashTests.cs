using Foresight.Chain.Signing;
using Xunit;

namespace Foresight.Chain.Tests.Signing;

public sealed class TypeHashTests
{
    [Fact]
    public void OrderTypeHash_IsTheOneThatWalletsAndContractsUse()
        => Assert.Equal("0x3815b8ba52cfe89ee9d3df74b484efb2ed96225e935f763c8582079b8a92fd11", OrderMessage.OrderTypeHash.ToString());

    [Fact]
    public void CancelTypeHash_IsTheOneThatWalletsAndContractsUse()
        => Assert.Equal("0x8180cb68ad277bb6cd1e1243385755e89437631420d0692ce7d6d14885907d47", CancelSaltMessage.CancelTypeHash.ToString());
}
