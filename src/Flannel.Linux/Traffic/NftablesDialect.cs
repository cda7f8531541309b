namespace Flannel.Linux.Traffic;

/// <summary>What the installed nft and the kernel understand of what is wanted.</summary>
/// <param name="HasComments">Whether tables and chains may have comments.</param>
/// <param name="RandomFully">Whether source ports are drawn at random: wanted, and possible.</param>
internal readonly record struct NftablesDialect(bool HasComments, bool RandomFully);
