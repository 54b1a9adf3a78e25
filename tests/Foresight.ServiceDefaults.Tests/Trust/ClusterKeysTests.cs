using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.ServiceDefaults.Tests.Trust;

public sealed class ClusterKeysTests
{
    private const string Old = "the old secret of these tests";
    private const string New = "the new secret of these tests";

    [Fact]
    public void Tag_OfTheSameContentAndPurpose_Matches()
    {
        var keys = new ClusterKeys(Old).For("hints");
        Assert.True(new ClusterKeys(Old).For("hints").Matches(keys.CurrentId, "content"u8, keys.Sign("content"u8)));
    }

    [Fact]
    public void Tag_OfAnotherPurposeSecretOrContent_DoesNotMatch()
    {
        var keys = new ClusterKeys(Old).For("hints");
        var tag = keys.Sign("content"u8);
        Assert.False(keys.Matches(keys.CurrentId, "Content"u8, tag));
        Assert.False(keys.Matches(keys.CurrentId, "content"u8, tag.AsSpan(1)));
        Assert.False(new ClusterKeys(Old).For("gateway").Matches(keys.CurrentId, "content"u8, tag));
        // To name a known key must gain an attacker nothing.
        var other = new ClusterKeys(New).For("hints");
        Assert.False(other.Matches(keys.CurrentId, "content"u8, tag));
        Assert.False(other.Matches(other.CurrentId, "content"u8, tag));
    }

    [Fact]
    public void DuringARotation_NodesOfEachStep_AcceptEachOther()
    {
        ClusterKeys[] steps = [new(Old), new(Old, New), new(New, Old), new(New)];
        for (var at = 1; at < steps.Length; at++)
        {
            Assert.True(Accepts(steps[at], steps[at - 1]), $"step {at} of the one before");
            Assert.True(Accepts(steps[at - 1], steps[at]), $"step {at - 1} of the one after");
        }

        Assert.False(Accepts(steps[^1], steps[0]));

        static bool Accepts(ClusterKeys receiver, ClusterKeys sender)
        {
            var from = sender.For("hints");
            return receiver.For("hints").Matches(from.CurrentId, "content"u8, from.Sign("content"u8));
        }
    }

    [Fact]
    public void ADerivedKey_DependsOnTheContext_AndIsKnownToBothSides()
    {
        var (one, other) = (new ClusterKeys(Old).For("gateway"), new ClusterKeys(New, Old).For("gateway"));
        Assert.Equal(one.Derive(one.CurrentId, "a"u8), other.Derive(one.CurrentId, "a"u8));
        Assert.NotEqual(one.Derive(one.CurrentId, "a"u8), one.Derive(one.CurrentId, "b"u8));
        Assert.Null(one.Derive(other.CurrentId, "a"u8));
    }

    [Fact]
    public void Secrets_HaveNoDefault_AndAreNotShort()
    {
        var error = Assert.Throws<SettingException>(() => ClusterKeys.From(Configured.By()));
        Assert.StartsWith("CLUSTER_SECRET is not set", error.Message, StringComparison.Ordinal);
        Assert.Throws<SettingException>(() => ClusterKeys.From(Configured.By("CLUSTER_SECRET=short")));
        Assert.Throws<SettingException>(() => ClusterKeys.From(Configured.By("CLUSTER_SECRET=" + Old, "CLUSTER_SECRET_ALSO=short")));
        Assert.Equal(new ClusterKeys(Old).For("x").CurrentId, ClusterKeys.From(Configured.By("CLUSTER_SECRET=" + Old)).For("x").CurrentId);
    }
}
