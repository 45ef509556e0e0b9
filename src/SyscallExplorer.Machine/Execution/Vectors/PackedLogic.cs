using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PAND to PXOR and their floating-point namesakes, comparisons, minimum and maximum. SDM vol. 2A and 2B, each under its name.</summary>
internal static class PackedLogic
{
    public static void Register(InstructionTableBuilder table)
    {
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pand, Mnemonic.Andps, Mnemonic.Andpd])
            table.Binary<And>(mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pandn, Mnemonic.Andnps, Mnemonic.Andnpd])
            table.Binary<AndNot>(mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Por, Mnemonic.Orps, Mnemonic.Orpd])
            table.Binary<Or>(mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pxor, Mnemonic.Xorps, Mnemonic.Xorpd])
            table.Binary<Xor>(mnemonic);
        table.Binary<Equal<byte>>(Mnemonic.Pcmpeqb);
        table.Binary<Equal<ushort>>(Mnemonic.Pcmpeqw);
        table.Binary<Equal<uint>>(Mnemonic.Pcmpeqd);
        table.Binary<Equal<ulong>>(Mnemonic.Pcmpeqq);
        table.Binary<Greater<sbyte>>(Mnemonic.Pcmpgtb);
        table.Binary<Greater<short>>(Mnemonic.Pcmpgtw);
        table.Binary<Greater<int>>(Mnemonic.Pcmpgtd);
        table.Binary<Greater<long>>(Mnemonic.Pcmpgtq);
        table.Binary<Minimum<sbyte>>(Mnemonic.Pminsb);
        table.Binary<Minimum<short>>(Mnemonic.Pminsw);
        table.Binary<Minimum<int>>(Mnemonic.Pminsd);
        table.Binary<Minimum<byte>>(Mnemonic.Pminub);
        table.Binary<Minimum<ushort>>(Mnemonic.Pminuw);
        table.Binary<Minimum<uint>>(Mnemonic.Pminud);
        table.Binary<Maximum<sbyte>>(Mnemonic.Pmaxsb);
        table.Binary<Maximum<short>>(Mnemonic.Pmaxsw);
        table.Binary<Maximum<int>>(Mnemonic.Pmaxsd);
        table.Binary<Maximum<byte>>(Mnemonic.Pmaxub);
        table.Binary<Maximum<ushort>>(Mnemonic.Pmaxuw);
        table.Binary<Maximum<uint>>(Mnemonic.Pmaxud);
    }

    private readonly struct And : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left & right;
    }

    private readonly struct AndNot : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => ~left & right;
    }

    private readonly struct Or : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left | right;
    }

    private readonly struct Xor : ILaneRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left ^ right;
    }

    private readonly struct Equal<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Vector128.Equals(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    private readonly struct Greater<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Vector128.GreaterThan(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    private readonly struct Minimum<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }

    private readonly struct Maximum<T> : ILaneRule
        where T : unmanaged
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.As<byte, T>(), right.As<byte, T>()).AsByte();
    }
}
