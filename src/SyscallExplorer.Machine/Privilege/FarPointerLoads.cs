using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>LDS, LES, LFS, LGS and LSS. SDM vol. 2A, LDS/LES/LFS/LGS/LSS. No flags; LSS holds no interrupt back (vol. 3A, 6.8.3).</summary>
internal static unsafe class FarPointerLoads
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Lds_r16_m1616, &Load<ushort, DsName>);
        table.One(Code.Lds_r32_m1632, &Load<uint, DsName>);
        table.One(Code.Les_r16_m1616, &Load<ushort, EsName>);
        table.One(Code.Les_r32_m1632, &Load<uint, EsName>);
        table.One(Code.Lfs_r16_m1616, &Load<ushort, FsName>);
        table.One(Code.Lfs_r32_m1632, &Load<uint, FsName>);
        table.One(Code.Lfs_r64_m1664, &Load<ulong, FsName>);
        table.One(Code.Lgs_r16_m1616, &Load<ushort, GsName>);
        table.One(Code.Lgs_r32_m1632, &Load<uint, GsName>);
        table.One(Code.Lgs_r64_m1664, &Load<ulong, GsName>);
        table.One(Code.Lss_r16_m1616, &Load<ushort, SsName>);
        table.One(Code.Lss_r32_m1632, &Load<uint, SsName>);
        table.One(Code.Lss_r64_m1664, &Load<ulong, SsName>);
    }

    /// <summary>The register changes only when the selector could be loaded.</summary>
    private static Outcome Load<T, TName>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> where TName : struct, ISegmentName
    {
        ulong offset = cpu.EffectiveAddress(op);
        if (!cpu.ReadSegment(op.Segment, offset, out T pointer)
            || !cpu.ReadSegment(op.Segment, (offset + (ulong)Unsafe.SizeOf<T>()) & op.AddressMask, out ushort selector)
            || !cpu.LoadSegment(TName.Name, selector))
        {
            return Outcome.Fault;
        }

        cpu.SetRegister(op.Op0.Index, pointer);
        return Outcome.Next;
    }

    private interface ISegmentName
    {
        static abstract SegmentName Name { get; }
    }

    private readonly struct DsName : ISegmentName
    {
        public static SegmentName Name => SegmentName.DS;
    }

    private readonly struct EsName : ISegmentName
    {
        public static SegmentName Name => SegmentName.ES;
    }

    private readonly struct FsName : ISegmentName
    {
        public static SegmentName Name => SegmentName.FS;
    }

    private readonly struct GsName : ISegmentName
    {
        public static SegmentName Name => SegmentName.GS;
    }

    private readonly struct SsName : ISegmentName
    {
        public static SegmentName Name => SegmentName.SS;
    }
}
