"""A company's people, invoices, their lines and documents."""

import os
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import URL, ForeignKey, Index, create_engine, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

engine = create_engine(
    URL.create("postgresql+psycopg", os.environ["DB_USER"], database=os.environ["DB_NAME"]).update_query_dict(
        {"host": os.environ["DB_HOST"]}
    ),
    pool_size=10,
)
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    """Of every table."""


class Tenant(Base):
    """One company."""

    __tablename__ = "tenants"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Person(Base):
    """Somebody who may log in."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"))


class Invoice(Base):
    """One invoice."""

    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"))
    number: Mapped[str]
    status: Mapped[str]
    currency: Mapped[str]
    issued_on: Mapped[date]
    memo: Mapped[str] = mapped_column(deferred=True)
    lines: Mapped[list["InvoiceLine"]] = relationship(order_by="InvoiceLine.id")


class InvoiceLine(Base):
    """One line of an invoice."""

    __tablename__ = "invoice_lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"), index=True)
    text: Mapped[str]
    amount: Mapped[Decimal]


class Document(Base):
    """A file that a company has sent."""

    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str]
    size: Mapped[int]
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())


Index("invoices_of_tenant", Invoice.tenant_id, Invoice.issued_on.desc(), Invoice.id.desc())
