import type { Logger } from '../logging.ts';
import type { Order } from '../orders/order.ts';
import { euros } from '../orders/pricing.ts';

export interface Mail {
  from: string;
  to: string;
  subject: string;
  text: string;
}

export interface Mailer {
  send(mail: Mail): Promise<void>;
}

/** Writes mails to the log; the shop's relay picks them up from there. */
export function logMailer(logger: Logger): Mailer {
  return {
    async send(mail) {
      logger.info('mail', { to: mail.to, subject: mail.subject });
    },
  };
}

// TODO: subject and text are English only; use the language of the customer's account.
export function confirmation(order: Order, from: string): Mail {
  const lines = order.lines.map((line) => `  ${line.quantity} x ${line.sku} at ${euros(line.unitCents)}`);
  return {
    from,
    to: order.customer,
    subject: `Your order ${order.id}`,
    text: ['Thank you for your order.', '', ...lines, '', `Shipping ${euros(order.shippingCents)}`, `Total ${euros(order.totalCents)} EUR, tax included`].join('\n'),
  };
}
