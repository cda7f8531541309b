using System.Collections.Immutable;
using System.Net;

namespace Flannel.Netlink.Netfilter.Rules;

/// <summary>Comparisons as nft compiles them, so that it lists them in the words that it reads. Each is a few expressions of a rule.</summary>
public static class NftMatch
{
    /// <summary>The field has this value.</summary>
    /// <param name="field">What.</param>
    /// <param name="value">As many bytes as the field.</param>
    /// <param name="isNot">It has any other value, instead.</param>
    /// <returns>The expressions.</returns>
    /// <exception cref="ArgumentException">Value and field differ in length.</exception>
    public static ImmutableArray<NftExpression> Is(NftField field, NftValue value, bool isNot = false)
    {
        field.Check(value);
        return [.. field.Load(0), Compare(value, isNot)];
    }

    /// <summary>Some bits of the field have this value.</summary>
    /// <param name="field">What.</param>
    /// <param name="mask">Which bits, as many bytes as the field.</param>
    /// <param name="value">Their value, as many bytes as the field.</param>
    /// <param name="isNot">They have any other value, instead.</param>
    /// <returns>The expressions.</returns>
    /// <exception cref="ArgumentException">Value or mask and field differ in length.</exception>
    public static ImmutableArray<NftExpression> Has(NftField field, NftValue mask, NftValue value, bool isNot = false) =>
        Is(field.Masked(mask), value, isNot);

    /// <summary>The address is in a network.</summary>
    /// <param name="field">An address.</param>
    /// <param name="network">The network.</param>
    /// <param name="isNot">It is not, instead.</param>
    /// <returns>The expressions.</returns>
    /// <exception cref="ArgumentException">The address is of another family.</exception>
    public static ImmutableArray<NftExpression> In(NftField field, IPNetwork network, bool isNot = false)
    {
        NftValue address = NftValue.Of(network.BaseAddress);
        field.Check(address);

        // Whole bytes are loaded alone; else the rest is masked out.
        (int bytes, int bits) = Math.DivRem(network.PrefixLength, 8);
        if (network.PrefixLength == address.Length * 8)
            return Is(field, address, isNot);
        if (bits != 0 || bytes == 0 || field.WholePayload is not { } payload)
            return Has(field, NftValue.MaskOf(network), address, isNot);
        return [payload with { Length = bytes }, Compare(new NftValue(address.Bytes[..bytes]), isNot)];
    }

    /// <summary>The field, or several concatenated, are in a set.</summary>
    /// <param name="set">The set's name, in the same table.</param>
    /// <param name="fields">What, as the set's key.</param>
    /// <returns>The expressions.</returns>
    public static ImmutableArray<NftExpression> InSet(string set, params ReadOnlySpan<NftField> fields) => Look(new NftLookup(set), fields);

    /// <summary>The field, or several concatenated, are not in a set.</summary>
    /// <param name="set">The set's name, in the same table.</param>
    /// <param name="fields">What, as the set's key.</param>
    /// <returns>The expressions.</returns>
    public static ImmutableArray<NftExpression> NotInSet(string set, params ReadOnlySpan<NftField> fields) =>
        Look(new NftLookup(set, IsInverted: true), fields);

    private static ImmutableArray<NftExpression> Look(NftLookup lookup, ReadOnlySpan<NftField> fields)
    {
        ImmutableArray<NftExpression>.Builder expressions = ImmutableArray.CreateBuilder<NftExpression>();
        int slot = 0;
        foreach (NftField field in fields)
        {
            expressions.AddRange(field.Load(slot));
            slot += NftValue.Align(field.Length) / 4;
        }

        expressions.Add(lookup);
        return expressions.DrainToImmutable();
    }

    private static NftCompare Compare(NftValue value, bool isNot) => new(isNot ? NftCompareOperator.NotEqual : NftCompareOperator.Equal, value);
}
